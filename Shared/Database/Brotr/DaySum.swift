public import Crypto
public import Nostr

/// Fingerprint of the sightings of one relay and one day: how many, and the sum of their ids as little-endian 256-bit
/// numbers modulo 2^256, as NIP-77 adds them.
public struct DaySum: Hashable, Sendable {
    /// Sightings.
    public var count: Int32
    /// The sum, 32 bytes little-endian.
    public var idSum: Bytes32

    /// Nothing seen.
    public init() { self.init(count: 0, idSum: .zero) }

    /// As the table holds it.
    public init(count: Int32, idSum: Bytes32) {
        self.count = count
        self.idSum = idSum
    }

    /// The day of a second: `created_at / 86400`; days past 2^31 are held at its end.
    public static func day(of second: UnixTime) -> Int32 { Int32(clamping: second.seconds / 86_400) }

    /// One sighting more.
    public mutating func add(_ id: EventID) {
        count = count.addingReportingOverflow(1).overflow ? .max : count + 1
        idSum = Self.sum(idSum, id)
    }

    /// One sighting less.
    public mutating func subtract(_ id: EventID) {
        count = count > 0 ? count - 1 : 0
        // Two's complement: add the inverted number and one.
        let inverted = Bytes32(id.bytes.map { ~$0 }) ?? .zero
        let one = Bytes32([1] + [UInt8](repeating: 0, count: 31)) ?? .zero
        idSum = Self.sum(Self.sum(idSum, inverted), one)
    }

    private static func sum(_ left: Bytes32, _ right: Bytes32) -> Bytes32 {
        left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
                return withUnsafeMutableBytes(of: &words) { result in
                    var carry: UInt64 = 0
                    for place in stride(from: 0, to: 32, by: 8) {
                        let one = UInt64(littleEndian: left.loadUnaligned(fromByteOffset: place, as: UInt64.self))
                        let other = UInt64(littleEndian: right.loadUnaligned(fromByteOffset: place, as: UInt64.self))
                        let (half, first) = one.addingReportingOverflow(other)
                        let (whole, second) = half.addingReportingOverflow(carry)
                        carry = first || second ? 1 : 0
                        result.storeBytes(of: whole.littleEndian, toByteOffset: place, as: UInt64.self)
                    }
                    return Bytes32(result) ?? .zero
                }
            }
        }
    }
}
