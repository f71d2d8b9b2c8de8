import Crypto

/// What PostgreSQL keeps of a password: SCRAM-SHA-256 (RFC 5802, RFC 7677). Made here, so that the password itself
/// never travels to the server and is in none of its logs.
enum PasswordVerifier {
    /// PostgreSQL's own number of rounds.
    static let iterations = 4_096
    private static let saltBytes = 16
    /// More rounds than any server sets by itself: a stored verifier with more is taken for another password's.
    private static let mostIterations = 100_000

    /// Whether a login can have this password: 1 to 128 printable ASCII characters, which SASLprep leaves alone.
    static func isUsable(_ password: String) -> Bool {
        (1...128).contains(password.utf8.count) && password.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    /// The verifier with a fresh salt.
    static func make(_ password: String) -> String {
        make(password, salt: SecureRandom.bytes(saltBytes), iterations: iterations)
    }

    /// `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`.
    static func make(_ password: String, salt: [UInt8], iterations: Int) -> String {
        let salted = derive(Array(password.utf8), salt: salt, iterations: iterations)
        let client = SHA256.hash(hmac(salted, Array("Client Key".utf8))).bytes
        let server = hmac(salted, Array("Server Key".utf8))
        return "SCRAM-SHA-256$\(iterations):\(Base64.text(salt))$\(Base64.text(client)):\(Base64.text(server))"
    }

    /// Whether a verifier is this password's. False for anything that is no verifier of this kind.
    static func matches(_ verifier: String, password: String) -> Bool {
        let parts = verifier.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "SCRAM-SHA-256" else { return false }
        let numbers = parts[1].split(separator: ":", omittingEmptySubsequences: false)
        guard numbers.count == 2, let iterations = Int(numbers[0]), (1...mostIterations).contains(iterations),
            let salt = Base64.bytes(numbers[1])
        else { return false }
        return make(password, salt: salt, iterations: iterations) == verifier
    }

    /// PBKDF2 with HMAC-SHA-256 and one block of output (RFC 8018, 5.2).
    private static func derive(_ password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8] {
        var block = hmac(password, salt + [0, 0, 0, 1])
        var sum = block
        for _ in 1..<max(iterations, 1) {
            block = hmac(password, block)
            for (index, byte) in block.enumerated() { sum[index] ^= byte }
        }
        return sum
    }

    /// HMAC-SHA-256 (RFC 2104).
    private static func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        let blockBytes = 64
        var key = key.count > blockBytes ? SHA256.hash(key).bytes : key
        key += [UInt8](repeating: 0, count: blockBytes - key.count)
        let inner = SHA256.hash(key.map { $0 ^ 0x36 } + message).bytes
        return SHA256.hash(key.map { $0 ^ 0x5C } + inner).bytes
    }
}

/// Base64 with padding (RFC 4648, section 4).
private enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = Array(bytes[start..<min(start + 3, bytes.count)])
            let padded = group + [UInt8](repeating: 0, count: 3 - group.count)
            let bits = padded.reduce(0) { $0 << 8 | Int($1) }
            for place in 0...3 {
                text.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func bytes(_ text: Substring) -> [UInt8]? {
        let digits = text.utf8.prefix { $0 != UInt8(ascii: "=") }
        guard text.utf8.count.isMultiple(of: 4), text.utf8.count - digits.count <= 2 else { return nil }
        var (bytes, bits, held): ([UInt8], Int, Int) = ([], 0, 0)
        for digit in digits {
            guard let value = alphabet.firstIndex(of: digit) else { return nil }
            (bits, held) = ((bits << 6 | value) & 0xFFFF, held + 6)
            guard held >= 8 else { continue }
            held -= 8
            bytes.append(UInt8(bits >> held & 0xFF))
        }
        return bytes
    }
}
