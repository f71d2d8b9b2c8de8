import Crypto
import Testing

@Suite struct HMACTests {
    /// RFC 4231, test cases 2, 3 and 6: a short key, one of a hash's length, one that is longer than a block.
    private static let vectors: [(key: [UInt8], message: [UInt8], code: String)] = [
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ]

    @Test(arguments: 0..<3)
    func `the published codes`(_ index: Int) {
        let (key, message, code) = Self.vectors[index]
        #expect(HMAC.sha256(key: key, message).hex == code)
    }

    /// RFC 7914, section 11; the first 32 of its 64 bytes.
    @Test(arguments: [
        ("passwd", "salt", 1, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"),
        ("Password", "NaCl", 80_000, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"),
    ])
    func `the published keys`(_ password: String, _ salt: String, _ rounds: Int, _ key: String) {
        let derived = HMAC.derive(password: Array(password.utf8), salt: Array(salt.utf8), rounds: rounds)
        #expect(derived.hex == key)
    }

    @Test func `no rounds are one`() {
        let one = HMAC.derive(password: [1], salt: [2], rounds: 1)
        #expect([0, -1, .min].allSatisfy { HMAC.derive(password: [1], salt: [2], rounds: $0) == one })
    }
}
