import Crypto
import Testing

@Suite struct SHA256Tests {
    /// FIPS 180-4's own examples and the empty message.
    private static let vectors = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ]

    @Test(arguments: vectors)
    func `known messages give known hashes`(_ message: String, _ hash: String) {
        #expect(SHA256.hash(Array(message.utf8)).hex == hash)
    }

    @Test func `a hasher is used again and again, in pieces of any size`() {
        var hasher = SHA256Hasher()
        let message = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        let whole = SHA256.hash(message)
        for size in [1, 7, 63, 64, 65, 999, 1000] {
            var rest = message[...]
            while !rest.isEmpty {
                Array(rest.prefix(size)).withUnsafeBytes { hasher.update($0) }
                rest = rest.dropFirst(size)
            }
            #expect(hasher.finalize() == whole)
        }
        #expect(hasher.finalize().hex == Self.vectors[0].1)
    }

    @Test func `SHA3-256 of known messages`() {
        #expect(SHA3.hash256([]).hex == "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a")
        let abc = SHA3.hash256(Array("abc".utf8))
        #expect(abc.hex == "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532")
    }

    @Test func `random bytes come in the asked number and differ`() {
        #expect(SecureRandom.bytes(0).isEmpty && SecureRandom.bytes(-1).isEmpty)
        #expect(Set((0..<8).map { _ in SecureRandom.bytes(32) }).count == 8)
        #expect(SecureRandom.bytes(33).count == 33)
    }
}
