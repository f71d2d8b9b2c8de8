/// Addresses that no relay of the public Internet has: IANA's special-purpose registries (RFC 6890 and successors).
///
/// Forms that carry an IPv4 address inside (v4-mapped, NAT64, 6to4, Teredo) are reserved as a whole: they would lead
/// round the table. The sockets have a guard of their own for resolved addresses; a test compares the two.
public enum ReservedAddress {
    /// True for an IPv4 address, first byte highest, that is reserved.
    public static func contains(v4 address: UInt32) -> Bool {
        v4Ranges.contains { address >> (32 - $0.bits) == $0.prefix >> (32 - $0.bits) }
    }

    /// True for an IPv6 address, in two halves, that is reserved: all but 2000::/3 without its special ranges.
    public static func contains(v6 high: UInt64, _ low: UInt64) -> Bool {
        guard high >> 61 == 1 else { return true }
        return v6Ranges.contains { high >> (64 - $0.bits) == $0.prefix >> (64 - $0.bits) }
    }

    private static let v4Ranges: [(prefix: UInt32, bits: UInt32)] = [
        (0x0000_0000, 8),  // this network
        (0x0A00_0000, 8),  // private
        (0x6440_0000, 10),  // carrier-grade NAT
        (0x7F00_0000, 8),  // loopback
        (0xA9FE_0000, 16),  // link-local
        (0xAC10_0000, 12),  // private
        (0xC000_0000, 24),  // protocol assignments
        (0xC000_0200, 24),  // documentation
        (0xC058_6300, 24),  // 6to4 relay anycast
        (0xC0A8_0000, 16),  // private
        (0xC612_0000, 15),  // benchmarking
        (0xC633_6400, 24),  // documentation
        (0xCB00_7100, 24),  // documentation
        (0xE000_0000, 4),  // multicast
        (0xF000_0000, 4),  // reserved, broadcast
    ]

    private static let v6Ranges: [(prefix: UInt64, bits: UInt64)] = [
        (0x2001_0000_0000_0000, 23),  // protocol assignments: Teredo, ORCHID, benchmarking
        (0x2001_0DB8_0000_0000, 32),  // documentation
        (0x2002_0000_0000_0000, 16),  // 6to4
        (0x3FFF_0000_0000_0000, 20),  // documentation
    ]
}
