/// Lowercase base 16, decoded eight characters at a time; the only spelling that Nostr (NIP-01) allows.
public enum Hex {
    /// The lowercase hex text of the bytes, two characters each.
    public static func encode(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { encode($0) } }

    /// The lowercase hex text of the bytes in memory, two characters each.
    public static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        var text: [UInt8] = []
        append(bytes, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the lowercase hex characters of the bytes to an ASCII buffer.
    public static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
        bytes.withUnsafeBytes { append($0, to: &text) }
    }

    /// Appends the lowercase hex characters of the bytes in memory to an ASCII buffer.
    public static func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        text.reserveCapacity(text.count + bytes.count * 2)
        var offset = 0
        while offset + 4 <= bytes.count {
            let word = encodeWord(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            withUnsafeBytes(of: word.littleEndian) { text.append(contentsOf: $0) }
            offset += 4
        }
        for byte in bytes[offset...] {
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

    /// Four bytes in memory order to eight hex characters in memory order.
    static func encodeWord(_ bytes: UInt32) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var spread = UInt64(bytes)
        spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF
        let nibbles = (spread >> 4 | spread << 8) & (ones &* 0x0F)
        // Adding 6 carries into bit 4 for 10 and above: those are letters, 39 further on than digits.
        let isLetter = (nibbles &+ ones &* 6) >> 4 & ones
        return nibbles &+ ones &* 0x30 &+ isLetter &* 39
    }

    /// Eight hex characters in memory order to four bytes in memory order. `faults` becomes other than 0 when one is no
    /// lowercase hex; it is collected so that a long text needs one branch.
    ///
    /// All eight are decoded in one 64-bit word. A vector type of 16 lanes was tried for such loops and ran 64 times
    /// slower than words.
    @inline(__always) static func decodeWord(_ word: UInt64, _ faults: inout UInt64) -> UInt32 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let low = word & (ones &* 0x0F)
        let isLetter = (word >> 6) & ones
        // Digits have the high nibble 3, the letters a-f have 6; the upper case has 4 and fails here.
        faults |= (word & (ones &* 0xF0)) ^ (ones &* 0x30 &+ isLetter &* 0x30)
        // A digit's low nibble is at most 9, a letter's lies in 1...6: both overflow into bit 4 when larger.
        faults |= (low &+ (ones &* 6) &+ isLetter &* 3) & (ones &* 0x10)
        faults |= ~(low &+ (ones &* 0x0F)) & (isLetter << 4)
        let nibbles = low &+ isLetter &* 9
        var packed = (nibbles << 4 | nibbles >> 8) & 0x00FF_00FF_00FF_00FF
        packed = (packed | packed >> 8) & 0x0000_FFFF_0000_FFFF
        return UInt32(truncatingIfNeeded: packed | packed >> 16)
    }

    /// Sixteen hex characters at an address to eight bytes in memory order.
    @inline(__always) static func decodeLong(_ text: UnsafeRawPointer, _ faults: inout UInt64) -> UInt64 {
        let first = decodeWord(UInt64(littleEndian: text.loadUnaligned(as: UInt64.self)), &faults)
        let second = decodeWord(
            UInt64(littleEndian: text.loadUnaligned(fromByteOffset: 8, as: UInt64.self)), &faults)
        return UInt64(littleEndian: UInt64(first) | UInt64(second) << 32)
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
