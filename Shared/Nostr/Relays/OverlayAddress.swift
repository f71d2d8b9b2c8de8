internal import Crypto

/// Addresses that are keys: they can be proven wrong without asking anyone.
enum OverlayAddress {
    /// An onion service's address: version 3 with the right checksum (Tor, rend-spec-v3, section 6).
    ///
    /// 35 bytes in base 32: 32 of public key, 2 of checksum, 1 of version. The checksum is the start of
    /// SHA3-256(".onion checksum" | key | version).
    static func checkOnion(_ label: String) throws(RelayURLError) {
        if label.utf8.count == 16, decodeBase32(label) != nil { throw .onionV2 }
        guard label.utf8.count == 56, let bytes = decodeBase32(label), bytes.count == 35, bytes[34] == 3
        else { throw .badOnion }
        let expected = SHA3.hash256(Array(".onion checksum".utf8) + bytes[..<32] + [3]).bytes
        guard bytes[32..<34].elementsEqual(expected[..<2]) else { throw .badOnion }
    }

    /// An I2P host: `<52 or at least 56 base 32 characters>.b32`, or a name from an address book.
    static func checkI2P(_ labels: [String]) throws(RelayURLError) {
        guard labels.last == "b32" else { return }
        guard labels.count >= 2, let key = labels.dropLast().last, key.utf8.count == 52 || key.utf8.count >= 56,
            key.utf8.allSatisfy({ base32.contains($0) })
        else { throw .badI2P }
    }

    /// A Lokinet host: 52 characters of z-base-32, or a registered name, which is shorter.
    static func checkLoki(_ label: String) throws(RelayURLError) {
        let size = label.utf8.count
        guard size < 52 || (size == 52 && label.utf8.allSatisfy { zBase32.contains($0) }) else { throw .badLoki }
    }

    private static let base32 = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
    private static let zBase32 = Array("ybndrfg8ejkmcpqxot1uwisza345h769".utf8)

    private static func decodeBase32(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for character in text.utf8 {
            guard let value = base32.firstIndex(of: character) else { return nil }
            bits = (bits << 5 | UInt32(value)) & 0xFFF
            count += 5
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> count))
        }
        return bytes
    }
}
