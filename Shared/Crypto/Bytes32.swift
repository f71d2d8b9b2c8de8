/// Exactly 32 bytes held without an allocation: an event id, a public key, a SHA-256 value.
public struct Bytes32: Hashable, Sendable {
    // In memory order, so that the bytes of the value are the bytes it stands for.
    let words: (UInt64, UInt64, UInt64, UInt64)

    init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// 32 zero bytes.
    public static let zero = Bytes32(words: (0, 0, 0, 0))

    /// The bytes of a collection; nil unless there are exactly 32.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self.init(filledBy: { buffer in _ = buffer.initialize(from: bytes) })
    }

    /// The value of 64 lowercase hex characters; nil for any other length or character.
    public init?(hex: String) {
        var hex = hex
        guard let value = hex.withUTF8({ Bytes32(hex: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = value
    }

    /// The value of 64 lowercase hex characters in memory; nil for any other length or character.
    public init?(hex: UnsafeRawBufferPointer) {
        guard hex.count == 64, let text = hex.baseAddress else { return nil }
        var faults: UInt64 = 0
        let words = (
            Hex.decodeLong(text, &faults), Hex.decodeLong(text + 16, &faults),
            Hex.decodeLong(text + 32, &faults), Hex.decodeLong(text + 48, &faults)
        )
        guard faults == 0 else { return nil }
        self.init(words: words)
    }

    /// Lets a function write the 32 bytes; they are zero before.
    init(filledBy body: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { body($0.bindMemory(to: UInt8.self)) }
        self.init(words: words)
    }

    /// 64 lowercase hex characters.
    public var hex: String { withUnsafeBytes { Hex.encode($0) } }

    /// Writes 64 lowercase hex characters to an address.
    public func writeHex(to text: UnsafeMutableRawPointer) {
        withUnsafeBytes { bytes in
            for index in 0..<8 {
                let four = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
                text.storeBytes(of: Hex.encodeWord(four).littleEndian, toByteOffset: index * 8, as: UInt64.self)
            }
        }
    }

    /// The 32 bytes as an array.
    public var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }

    /// Gives the 32 bytes to a function; the address is valid only inside it.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try Swift.withUnsafeBytes(of: words, body)
    }

    /// True when all 32 bytes are equal.
    public static func == (left: Bytes32, right: Bytes32) -> Bool { left.words == right.words }

    /// Feeds all 32 bytes: ids come from strangers, so no part of them may be trusted to be random.
    public func hash(into hasher: inout Hasher) { withUnsafeBytes { hasher.combine(bytes: $0) } }
}

extension Bytes32: Comparable {
    /// The order of the bytes read as one big-endian number, which is also the order of the hex texts (NIP-01).
    public static func < (left: Bytes32, right: Bytes32) -> Bool {
        let (a, b) = (left.words, right.words)
        if a.0 != b.0 { return a.0.bigEndian < b.0.bigEndian }
        if a.1 != b.1 { return a.1.bigEndian < b.1.bigEndian }
        if a.2 != b.2 { return a.2.bigEndian < b.2.bigEndian }
        return a.3.bigEndian < b.3.bigEndian
    }
}

extension Bytes32: CustomStringConvertible {
    /// The hex text.
    public var description: String { hex }
}
