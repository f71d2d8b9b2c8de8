import Crypto
import Testing

@Suite struct SchnorrTests {
    @Test(arguments: bip340Vectors)
    func `every official vector verifies as it should`(_ vector: BIP340Vector) throws {
        let publicKey = try #require(Bytes32(hex: vector.publicKey))
        let signature = try #require(Bytes64(hex: vector.signature))
        let message = try #require(Hex.decode(Array(vector.message.utf8)))
        let verifier = SchnorrVerifier()
        let isValid = message.withUnsafeBytes {
            verifier.isValid(signature: signature, message: $0, publicKey: publicKey)
        }
        #expect(isValid == vector.isValid)
        if let id = Bytes32(message) {
            #expect(verifier.isValid(signature: signature, message: id, publicKey: publicKey) == vector.isValid)
        }
    }

    @Test(arguments: bip340Vectors.filter { !$0.secretKey.isEmpty })
    func `every official vector with a secret is signed byte by byte`(_ vector: BIP340Vector) throws {
        let key = try #require(Bytes32(hex: vector.secretKey).flatMap { SecretKey($0) })
        #expect(key.publicKey.hex == vector.publicKey)
        let message = try #require(Hex.decode(Array(vector.message.utf8)))
        let signature = message.withUnsafeBytes { key.sign(message: $0, auxiliary: Bytes32(hex: vector.auxiliary)) }
        #expect(signature.hex == vector.signature)
    }

    @Test func `no official vector is missing`() {
        #expect(bip340Vectors.map(\.index) == Array(0...18))
        #expect(bip340Vectors.filter(\.isValid).count == 9)
    }

    @Test func `fresh randomness gives other signatures that verify too`() {
        let key = SecretKey.random()
        let message = SHA256.hash(Array("message".utf8))
        let signatures = Set((0..<4).map { _ in key.sign(message: message) })
        #expect(signatures.count == 4)
        let verifier = SchnorrVerifier()
        #expect(
            signatures.allSatisfy {
                verifier.isValid(signature: $0, message: message, publicKey: key.publicKey)
            })
    }

    @Test func `one flipped bit anywhere makes a signature wrong`() throws {
        let key = try #require(Bytes32(hex: String(repeating: "01", count: 32)).flatMap { SecretKey($0) })
        let message = SHA256.hash([1, 2, 3])
        let good = key.sign(message: message, auxiliary: .zero).bytes
        let verifier = SchnorrVerifier()
        for index in good.indices {
            var bad = good
            bad[index] ^= 1
            let signature = try #require(Bytes64(bad))
            #expect(!verifier.isValid(signature: signature, message: message, publicKey: key.publicKey))
        }
    }

    @Test func `zero and the group order are no secret keys`() {
        #expect(SecretKey(.zero) == nil)
        let order = Bytes32(hex: "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
        #expect(order.flatMap { SecretKey($0) } == nil)
        let below = Bytes32(hex: "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140")
        #expect(below.flatMap { SecretKey($0) } != nil)
    }

    @Test func `no text form of a secret key shows it`() throws {
        let bytes = try #require(Bytes32(hex: String(repeating: "ab", count: 32)))
        let key = try #require(SecretKey(bytes))
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), String(describing: [key]), dumped] {
            #expect(!text.contains("abab") && !text.contains("171"))
        }
        #expect(key.secretBytes == bytes)
    }

    @Test func `one verifier serves many tasks at once`() async {
        let verifier = SchnorrVerifier()
        let valid = await withTaskGroup(of: Bool.self) { group in
            for number in UInt8(1)...32 {
                group.addTask {
                    let key = SecretKey.random()
                    let message = SHA256.hash([number])
                    let signature = key.sign(message: message)
                    return verifier.isValid(signature: signature, message: message, publicKey: key.publicKey)
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(valid == 32)
    }
}
