/// What stands for a set of ids: 16 bytes.
struct NegentropyFingerprint: Hashable, Sendable {
    /// Bytes that a fingerprint takes in a message.
    static let byteCount = 16

    /// The 16 bytes as two big-endian numbers.
    private let high: UInt64
    private let low: UInt64

    /// The first 16 bytes of a collection; nil when there are fewer.
    init?(_ bytes: some Collection<UInt8>) {
        let bytes = bytes.prefix(Self.byteCount)
        guard bytes.count == Self.byteCount else { return nil }
        high = Self.number(bytes.prefix(8))
        low = Self.number(bytes.dropFirst(8))
    }

    /// The 16 bytes.
    var bytes: [UInt8] {
        [high, low].flatMap { word in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
        }
    }

    private static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
