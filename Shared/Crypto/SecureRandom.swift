internal import COpenSSL

/// Random bytes fit for keys, nonces and challenges, from OpenSSL's generator (seeded by the kernel).
public enum SecureRandom {
    /// That many random bytes; none for zero or less. Traps when the kernel gives no randomness: no secret is better.
    public static func bytes(_ count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            precondition(RAND_bytes(buffer.baseAddress, Int32(clamping: count)) == 1, "no randomness")
            filled = min(count, Int(Int32.max))
        }
    }
}
