/// HMAC-SHA-256 (RFC 2104), and the key derivation that is made of it.
public enum HMAC {
    /// The code of a message under a key of any length.
    public static func sha256(key: [UInt8], _ message: [UInt8]) -> Bytes32 {
        let blockBytes = 64
        var key = key.count > blockBytes ? SHA256.hash(key).bytes : key
        key += [UInt8](repeating: 0, count: blockBytes - key.count)
        let inner = SHA256.hash(key.map { $0 ^ 0x36 } + message).bytes
        return SHA256.hash(key.map { $0 ^ 0x5C } + inner)
    }

    /// PBKDF2 with HMAC-SHA-256 and one block of output (RFC 8018, 5.2). Costs `rounds` codes; at least one is made.
    public static func derive(password: [UInt8], salt: [UInt8], rounds: Int) -> Bytes32 {
        var block = sha256(key: password, salt + [0, 0, 0, 1]).bytes
        var sum = block
        for _ in 1..<max(rounds, 1) {
            block = sha256(key: password, block).bytes
            for (index, byte) in block.enumerated() { sum[index] ^= byte }
        }
        return Bytes32(filledBy: { buffer in _ = buffer.initialize(from: sum) })
    }
}
