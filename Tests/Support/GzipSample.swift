/// Gzip made by hand (RFC 1951, RFC 1952), so that tests need no library.
public enum GzipSample {
    /// The same bytes in one stored block.
    public static func stored(_ bytes: [UInt8]) -> [UInt8] {
        precondition(bytes.count < 65_536)
        let length = [UInt8(bytes.count & 0xFF), UInt8(bytes.count >> 8)]
        let size = (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> ($0 * 8)) }
        return header + [1] + length + length.map { ~$0 } + bytes + checksum(bytes) + size
    }

    /// 258 times `count` blanks and one, in the shortest form that fixed codes allow: 159 bytes out of one.
    public static func bomb(count: Int) -> [UInt8] {
        var bits = BitWriter()
        bits.append(1, 1)
        bits.append(1, 2)
        bits.appendCode(0x30 + 0x20, 8)
        for _ in 0..<count {
            bits.appendCode(0xC5, 8)  // length 258
            bits.appendCode(0, 5)  // distance 1
        }
        bits.appendCode(0, 7)
        return header + bits.bytes + [UInt8](repeating: 0, count: 8)
    }

    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]

    private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        var sum: UInt32 = .max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return (0..<4).map { UInt8(truncatingIfNeeded: ~sum >> ($0 * 8)) }
    }
}

private struct BitWriter {
    private(set) var bytes: [UInt8] = []
    private var used = 8

    /// Lowest bit first.
    mutating func append(_ value: Int, _ count: Int) {
        for index in 0..<count { append(value >> index & 1) }
    }

    /// A Huffman code: highest bit first.
    mutating func appendCode(_ code: Int, _ count: Int) {
        for index in (0..<count).reversed() { append(code >> index & 1) }
    }

    private mutating func append(_ bit: Int) {
        if used == 8 {
            bytes.append(0)
            used = 0
        }
        bytes[bytes.count - 1] |= UInt8(bit) << UInt8(used)
        used += 1
    }
}
