import Crypto
import Testing

@testable import Nostr

@Suite struct NIP19KeysTests {
    /// The two key vectors of NIP-19 itself, and its npub example of the text above them.
    private static let npubs = [
        (
            "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg",
            "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e"
        ),
        (
            "npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6",
            "3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d"
        ),
    ]
    private static let nsec = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5"
    private static let nsecHex = "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa"

    @Test(arguments: npubs) func `public keys by the vectors of NIP-19`(_ npub: String, _ hex: String) throws {
        let key = try NIP19Keys.publicKey(npub)
        #expect(key.hex == hex && NIP19Keys.npub(key) == npub)
        #expect(try NIP19Keys.publicKey(hex.uppercased()) == key)
        #expect(try NIP19Keys.publicKey(npub.uppercased()) == key)
    }

    @Test func `secret keys by the vector of NIP-19, in both spellings`() throws {
        for text in [Self.nsec, Self.nsecHex, Self.nsecHex.uppercased(), Self.nsec.uppercased()] {
            let key = try NIP19Keys.secretKey(text)
            #expect(key.secretBytes.hex == Self.nsecHex && NIP19Keys.nsec(key) == Self.nsec)
            #expect(key.publicKey.hex == Self.npubs[0].1)
        }
    }

    static let refusals: [(String, KeyError)] = [
        (nsec, .secretRefused), ("", .badFormat), ("npub", .badFormat), (String(repeating: "a", count: 63), .badFormat),
        ("1qqqqqq", .badFormat),
        (String(nsecHex.dropLast()), .badCharacter), (String(npubs[0].0.dropLast()) + "q", .badChecksum),
        ("npub1" + npubs[0].0.dropFirst(5).uppercased(), .mixedCase),
        (npubs[0].0.replacing("e", with: "b", maxReplacements: 1), .badCharacter), ("npub1qqqqq", .badChecksum),
        ("note1fntxtkcy9pjwucqwa9mddn7v03wwwsu9j330jj350nvhpky2tuaspk6nqc", .wrongPrefix),
        (Bech32.encode(prefix: "npub", [1, 2, 3]), .badLength),
        (Bech32.encode(prefix: "npub", [UInt8](repeating: 0, count: 33)), .badLength),
        (String(repeating: "q", count: 5001), .badFormat), ("npub1é", .badFormat),
        ("npub1" + String(repeating: "q", count: 58), .badChecksum),
    ]

    @Test(arguments: refusals) func `what is no public key is refused with a reason`(_ text: String, _ error: KeyError)
    {
        #expect(throws: error) { try NIP19Keys.publicKey(text) }
    }

    @Test func `what is no secret key is refused with a reason`() {
        #expect(throws: KeyError.wrongPrefix) { try NIP19Keys.secretKey(Self.npubs[0].0) }
        #expect(throws: KeyError.outOfRange) { try NIP19Keys.secretKey(String(repeating: "0", count: 64)) }
        #expect(throws: KeyError.outOfRange) { try NIP19Keys.secretKey(String(repeating: "f", count: 64)) }
        #expect(throws: KeyError.badLength) { try NIP19Keys.secretKey(Bech32.encode(prefix: "nsec", [1])) }
    }

    @Test func `one changed character is always found out`() {
        let npub = Array(Self.npubs[0].0)
        for index in 5..<npub.count {
            for character in "qpzry9x8" where npub[index] != character {
                var wrong = npub
                wrong[index] = character
                #expect(throws: KeyError.badChecksum) { try NIP19Keys.publicKey(String(wrong)) }
            }
        }
    }

    @Test func `bytes of every length survive bech32`() throws {
        for size in 0...70 {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 * 37) }
            let (prefix, decoded) = try Bech32.decode(Bech32.encode(prefix: "x", bytes))
            #expect(prefix == "x" && decoded == bytes)
        }
    }

    @Test func `no error shows the key`() {
        for error in KeyError.allCases { #expect(error.kind.utf8.count < 20) }
    }
}
