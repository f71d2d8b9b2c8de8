// BIP-173: Base32 address format. https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki

/// Why a text is not the key that it should be. The raw values are stable; no text of an error shows the key.
public enum KeyError: String, Error, Sendable, CaseIterable {
    /// Neither 64 hex characters nor bech32.
    case badFormat = "bad_format"
    /// Capitals and small letters mixed, which bech32 forbids.
    case mixedCase = "mixed_case"
    /// A character outside bech32's alphabet.
    case badCharacter = "bad_character"
    /// The checksum says that something was mistyped.
    case badChecksum = "bad_checksum"
    /// Not 32 bytes.
    case badLength = "bad_length"
    /// Bech32 of something else, for example `note`.
    case wrongPrefix = "wrong_prefix"
    /// A secret key where a public one belongs.
    case secretRefused = "secret_refused"
    /// Zero, or not below the order of the group.
    case outOfRange = "out_of_range"

    /// The stable name.
    public var kind: String { rawValue }
}

/// Bech32 without its limit of 90 characters, as NIP-19 uses it; not bech32m.
enum Bech32 {
    /// NIP-19 limits what clients should read to this many characters.
    static let maxCharacters = 5000

    /// The text of a prefix in small letters and any bytes.
    static func encode(prefix: String, _ bytes: [UInt8]) -> String {
        let values = regroup(bytes, from: 8, to: 5, pads: true) ?? []
        let check = polymod(expanded(prefix) + values + [0, 0, 0, 0, 0, 0]) ^ 1
        let checksum = (0..<6).map { UInt8(check >> (5 * (5 - UInt32($0))) & 31) }
        return prefix + "1" + String(decoding: (values + checksum).map { alphabet[Int($0)] }, as: UTF8.self)
    }

    /// The prefix in small letters and the bytes of a text.
    static func decode(_ text: String) throws(KeyError) -> (prefix: String, bytes: [UInt8]) {
        let lower = text.lowercased()
        guard text.utf8.count <= maxCharacters, lower.utf8.allSatisfy({ (33...126).contains($0) }),
            let separator = lower.lastIndex(of: "1"), separator > lower.startIndex
        else { throw .badFormat }
        guard text.utf8.elementsEqual(lower.utf8) || text == text.uppercased() else { throw .mixedCase }
        let prefix = String(lower[..<separator])
        var values: [UInt8] = []
        for character in lower[separator...].utf8.dropFirst() {
            guard let value = alphabet.firstIndex(of: character) else { throw .badCharacter }
            values.append(UInt8(value))
        }
        guard values.count >= 6, polymod(expanded(prefix) + values) == 1 else { throw .badChecksum }
        guard let bytes = regroup(values.dropLast(6), from: 5, to: 8, pads: false) else { throw .badLength }
        return (prefix, bytes)
    }

    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    private static let generator: [UInt32] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3]

    private static func expanded(_ prefix: String) -> [UInt8] {
        prefix.utf8.map { $0 >> 5 } + [0] + prefix.utf8.map { $0 & 31 }
    }

    private static func polymod(_ values: [UInt8]) -> UInt32 {
        values.reduce(1) { checksum, value in
            let top = checksum >> 25
            let shifted = (checksum & 0x1FF_FFFF) << 5 ^ UInt32(value)
            return generator.indices.reduce(shifted) { top >> UInt32($1) & 1 == 1 ? $0 ^ generator[$1] : $0 }
        }
    }

    /// Bits of one group size as groups of another. Without padding, what is left over must be zero and short.
    private static func regroup(_ values: some Sequence<UInt8>, from: UInt32, to: UInt32, pads: Bool) -> [UInt8]? {
        var output: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for value in values {
            bits = (bits << from | UInt32(value)) & 0xFFF
            count += from
            while count >= to {
                count -= to
                output.append(UInt8(truncatingIfNeeded: bits >> count & (1 << to - 1)))
            }
        }
        if pads {
            if count > 0 { output.append(UInt8(truncatingIfNeeded: bits << (to - count) & (1 << to - 1))) }
            return output
        }
        return count < from && bits & (1 << count - 1) == 0 ? output : nil
    }
}
