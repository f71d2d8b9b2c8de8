/// SipHash-2-4 with 64 bits of result (Aumasson and Bernstein, "SipHash: a fast short-input PRF").
///
/// Swift's own Hasher is a SipHash too, but with another seed in every process, so nothing stored can depend on it.
struct SipHash24 {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64
    private var tail: UInt64 = 0
    private var count: UInt64 = 0

    /// A hash keyed by 16 bytes, given as two little-endian words.
    init(_ key: (UInt64, UInt64)) {
        v0 = key.0 ^ 0x736F_6D65_7073_6575
        v1 = key.1 ^ 0x646F_7261_6E64_6F6D
        v2 = key.0 ^ 0x6C79_6765_6E65_7261
        v3 = key.1 ^ 0x7465_6462_7974_6573
    }

    /// Adds one byte of the message.
    @inline(__always) mutating func append(_ byte: UInt8) {
        tail |= UInt64(byte) << ((count & 7) * 8)
        count &+= 1
        if count & 7 == 0 { block() }
    }

    /// Adds eight bytes of the message, the lowest first.
    @inline(__always) mutating func append(_ word: UInt64) {
        let shift = (count & 7) * 8
        count &+= 8
        tail |= word << shift
        block()
        // A shift by the whole width gives 0 in Swift, which is what an aligned word leaves.
        tail = word >> (64 - shift)
    }

    /// Adds the bytes in memory.
    @inline(__always) mutating func append(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        while offset <= bytes.count - 8 {
            append(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset += 8
        }
        while offset < bytes.count {
            append(bytes[offset])
            offset += 1
        }
    }

    /// The hash of the message; the value is used up.
    mutating func finish() -> UInt64 {
        tail |= count << 56
        block()
        v2 ^= 0xFF
        for _ in 0..<4 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }

    @inline(__always) private mutating func block() {
        v3 ^= tail
        round()
        round()
        v0 ^= tail
        tail = 0
    }

    @inline(__always) private mutating func round() {
        v0 &+= v1
        v1 = v1 << 13 | v1 >> 51
        v1 ^= v0
        v0 = v0 << 32 | v0 >> 32
        v2 &+= v3
        v3 = v3 << 16 | v3 >> 48
        v3 ^= v2
        v0 &+= v3
        v3 = v3 << 21 | v3 >> 43
        v3 ^= v0
        v2 &+= v1
        v1 = v1 << 17 | v1 >> 47
        v1 ^= v2
        v2 = v2 << 32 | v2 >> 32
    }
}
