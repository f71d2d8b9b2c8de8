import Net
import Nostr
import Support
import Testing

/// The table for literals in URLs and the one for resolved addresses must agree, or a URL that is taken for public
/// could never be dialled, and the other way round.
@Suite struct ReservedAddressParityTests {
    @Test func `IPv4 agrees at every edge and on random addresses`() {
        var random = SplitMix64(seed: 4)
        let edges = (0..<32).flatMap { bit in (0..<64).map { UInt32($0) << 26 | 1 << UInt32(bit) } }
        let listed = Self.v4Edges.flatMap { [$0 &- 1, $0, $0 &+ 1] }
        for value in edges + listed + (0..<2_000).map({ _ in UInt32.random(in: 0 ... .max, using: &random) }) {
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
            let isPublic = ResolvedAddress(bytes: bytes).map { AddressClass($0) == .global }
            #expect(isPublic == !ReservedAddress.contains(v4: value), "\(bytes)")
        }
    }

    @Test func `IPv6 agrees but for the two forms that only a resolver gives`() {
        var random = SplitMix64(seed: 6)
        let tops: [UInt64] = [
            0, 0x0064_FF9B_0001_0000, 0x0100 << 48, 0x2000 << 48, 0x2001 << 48, 0x2001_0002 << 32, 0x2001_0200 << 32,
            0x2001_0DB8 << 32, 0x2001_0DB9 << 32, 0x2002 << 48, 0x2003 << 48, 0x3FFF << 48, 0x3FFF_1000 << 32,
            0x4000 << 48, 0x5F00 << 48, 0xFC00 << 48, 0xFE80 << 48, 0xFEC0 << 48, 0xFF02 << 48,
        ]
        let highs = tops.flatMap { [$0 &- 1, $0, $0 &+ 1] } + (0..<2_000).map { _ in random.next() }
        for high in highs {
            for low in [0, 1, 0xFFFF_7F00_0001, random.next()] {
                let bytes = [high, low].flatMap { half in
                    (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * UInt64($0))) }
                }
                // Mapped and NAT64 addresses are what the IPv4 inside is; in a URL nobody needs them.
                let isTranslated = high == 0x0064_FF9B << 32 && low >> 32 == 0 || high == 0 && low >> 32 == 0xFFFF
                guard !isTranslated, let address = ResolvedAddress(bytes: bytes) else { continue }
                let isPublic = AddressClass(address) == .global
                #expect(isPublic == !ReservedAddress.contains(v6: high, low), "\(address)")
            }
        }
    }

    private static let v4Edges: [UInt32] = [
        0x0100_0000, 0x0A00_0000, 0x0B00_0000, 0x6440_0000, 0x6480_0000, 0x7F00_0000, 0x8000_0000, 0xA9FE_0000,
        0xA9FF_0000, 0xAC10_0000, 0xAC2_0000, 0xC000_0000, 0xC000_0100, 0xC000_0200, 0xC000_0300, 0xC058_6300,
        0xC058_6400, 0xC0A8_0000, 0xC0A9_0000, 0xC612_0000, 0xC614_0000, 0xC633_6400, 0xC633_6500, 0xCB00_7100,
        0xCB00_7200, 0xE000_0000, 0xF000_0000, 0xFFFF_FFFF,
    ]
}
