/// Lowercase base 16, decoded eight characters at a time; the only spelling that Nostr (NIP-01) allows.
public enum Hex {
    /// The lowercase hex text of the bytes, two characters each.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        append(bytes, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the lowercase hex characters of the bytes to an ASCII buffer.
    public static func append(_ bytes: some Sequence<UInt8>, to text: inout [UInt8]) {
        for byte in bytes {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 15))
        }
    }

    /// The bytes of a lowercase hex text; nil for an odd length or any other character.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        var high: UInt8?
        for character in text {
            guard let nibble = nibble(character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | nibble)
                high = nil
            } else {
                high = nibble
            }
        }
        return bytes
    }

    /// Eight hex characters in memory order to four bytes in memory order; nil when one is not lowercase hex.
    ///
    /// All eight are decoded in one 64-bit word. A vector type of 16 lanes was tried for such loops and ran 64 times
    /// slower than words.
    static func decodeWord(_ word: UInt64) -> UInt64? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let low = word & (ones &* 0x0F)
        let isLetter = (word >> 6) & ones
        // Digits have the high nibble 3, the letters a-f have 6; the upper case has 4 and fails here.
        guard word & (ones &* 0xF0) == (ones &* 0x30) &+ isLetter &* 0x30 else { return nil }
        // A digit's low nibble is at most 9, a letter's lies in 1...6: both overflow into bit 4 when larger.
        let tooLarge = (low &+ (ones &* 6) &+ isLetter &* 3) & (ones &* 0x10)
        let zeroLetter = ~(low &+ (ones &* 0x0F)) & (isLetter << 4)
        guard tooLarge | zeroLetter == 0 else { return nil }
        let nibbles = low &+ isLetter &* 9
        var packed = (nibbles << 4 | nibbles >> 8) & 0x00FF_00FF_00FF_00FF
        packed = (packed | packed >> 8) & 0x0000_FFFF_0000_FFFF
        return (packed | packed >> 16) & 0xFFFF_FFFF
    }

    /// Sixteen hex characters at an address to eight bytes in memory order.
    static func decodeLong(_ text: UnsafeRawPointer) -> UInt64? {
        guard let first = decodeWord(UInt64(littleEndian: text.loadUnaligned(as: UInt64.self))),
            let second = decodeWord(UInt64(littleEndian: text.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        else { return nil }
        return UInt64(littleEndian: first | second << 32)
    }

    private static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 48 + nibble : 87 + nibble }

    private static func nibble(_ character: UInt8) -> UInt8? {
        switch character {
        case 48...57: character - 48
        case 97...102: character - 87
        default: nil
        }
    }
}
