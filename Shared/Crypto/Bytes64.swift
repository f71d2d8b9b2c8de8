/// Exactly 64 bytes held without an allocation: a Schnorr signature.
public struct Bytes64: Hashable, Sendable {
    /// The first 32 bytes.
    public let first: Bytes32
    /// The last 32 bytes.
    public let second: Bytes32

    /// 64 zero bytes.
    public static let zero = Bytes64(first: .zero, second: .zero)

    /// Two halves of 32 bytes each.
    public init(first: Bytes32, second: Bytes32) {
        self.first = first
        self.second = second
    }

    /// The bytes of a collection; nil unless there are exactly 64.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 64, let first = Bytes32(bytes.prefix(32)), let second = Bytes32(bytes.dropFirst(32))
        else { return nil }
        self.init(first: first, second: second)
    }

    /// The value of 128 lowercase hex characters; nil for any other length or character.
    public init?(hex: String) {
        var hex = hex
        guard let value = hex.withUTF8({ Bytes64(hex: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = value
    }

    /// The value of 128 lowercase hex characters in memory; nil for any other length or character.
    public init?(hex: UnsafeRawBufferPointer) {
        guard hex.count == 128, let first = Bytes32(hex: UnsafeRawBufferPointer(rebasing: hex[..<64])),
            let second = Bytes32(hex: UnsafeRawBufferPointer(rebasing: hex[64...]))
        else { return nil }
        self.init(first: first, second: second)
    }

    /// 128 lowercase hex characters.
    public var hex: String { first.hex + second.hex }

    /// The 64 bytes as an array.
    public var bytes: [UInt8] { first.bytes + second.bytes }

    /// Gives the 64 bytes to a function; the address is valid only inside it.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try Swift.withUnsafeBytes(of: (first.words, second.words), body)
    }
}

extension Bytes64: Comparable {
    /// The order of the bytes, first byte first.
    public static func < (left: Bytes64, right: Bytes64) -> Bool {
        left.first == right.first ? left.second < right.second : left.first < right.first
    }
}

extension Bytes64: CustomStringConvertible {
    /// The hex text.
    public var description: String { hex }
}
