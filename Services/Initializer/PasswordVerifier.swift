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
        let salted = HMAC.derive(password: Array(password.utf8), salt: salt, rounds: iterations).bytes
        let client = SHA256.hash(HMAC.sha256(key: salted, Array("Client Key".utf8)).bytes)
        let server = HMAC.sha256(key: salted, Array("Server Key".utf8))
        let keys = "\(Base64.encode(client.bytes)):\(Base64.encode(server.bytes))"
        return "SCRAM-SHA-256$\(iterations):\(Base64.encode(salt))$\(keys)"
    }

    /// Whether a verifier is this password's. False for anything that is no verifier of this kind.
    static func matches(_ verifier: String, password: String) -> Bool {
        let parts = verifier.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "SCRAM-SHA-256" else { return false }
        let numbers = parts[1].split(separator: ":", omittingEmptySubsequences: false)
        guard numbers.count == 2, let iterations = Int(numbers[0]), (1...mostIterations).contains(iterations),
            let salt = Base64.decode(numbers[1])
        else { return false }
        return make(password, salt: salt, iterations: iterations) == verifier
    }
}
