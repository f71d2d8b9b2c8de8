import Crypto
import Testing

@testable import Nostr

@Suite struct NIP13ProofOfWorkTests {
    @Test func `bits are leading zeros`() throws {
        // The examples of the NIP.
        let example = try #require(Bytes32(hex: "000006d8c378af1779d2feebc7603a125d99eca0ccf1085959b307f64e5dd358"))
        #expect(NIP13ProofOfWork.bits(of: example) == 21)
        let second = try #require(Bytes32(hex: "002f" + String(repeating: "f", count: 60)))
        #expect(NIP13ProofOfWork.bits(of: second) == 10)
        #expect(NIP13ProofOfWork.bits(of: .zero) == 256)
    }

    @Test(arguments: [
        ("pow: difficulty 25>=24 is needed", 25), ("pow: 28 bits needed. (2)", 28), ("pow: too little", nil),
        ("pow: 0", nil), ("pow: 99999999999999999999999", nil), ("pow: 257", nil), ("pow: 256", 256), ("", nil),
    ])
    func `the demand is the greatest number that can be one`(message: String, bits: Int?) {
        #expect(NIP13ProofOfWork.demand(in: message) == bits)
    }

    @Test func `the smallest nonce is found, by whoever looks, and the id is the event's`() throws {
        let secret = try #require(Bytes32(Array(repeating: 7, count: 32)))
        let key = try #require(SecretKey(secret))
        let event = UnsignedEvent(
            createdAt: UnixTime(seconds: 1_700_000_000), kind: 30_166, tags: [["d", "wss://a\"\n/"], ["t", "ü"]],
            content: "{\"name\":\"x\"}")
        var miner = NIP13Miner(event, pubkey: key.publicKey, bits: 9)
        var found: UnsignedEvent?
        var rounds = 0
        while found == nil {
            rounds += 1
            try #require(rounds < 10_000)
            found = miner.search(tries: 10)
        }
        let mined = try #require(found)
        #expect(mined.tags.dropLast() == event.tags[...] && mined.content == event.content)
        let nonce = try #require(mined.tags.last)
        #expect(nonce.count == 3 && nonce[0] == "nonce" && nonce[2] == "9" && nonce[1].utf8.count == 10)
        let signed = mined.sign(with: key)
        #expect(NIP13ProofOfWork.bits(of: signed.id) >= 9 && signed.hasValidSignature(SchnorrVerifier()))
        var whole = NIP13Miner(event, pubkey: key.publicKey, bits: 9)
        #expect(whole.search(tries: 100_000)?.id(pubkey: key.publicKey) == signed.id)
        // No smaller one does it.
        for smaller in 0..<(Int(nonce[1]) ?? 0) {
            var other = event
            other.tags.append(["nonce", String(String(10_000_000_000 + smaller).dropFirst()), "9"])
            #expect(NIP13ProofOfWork.bits(of: other.id(pubkey: key.publicKey)) < 9)
        }
    }

    @Test func `no work is wanted`() throws {
        let event = UnsignedEvent(createdAt: UnixTime(seconds: 1), kind: 1)
        var miner = NIP13Miner(event, pubkey: .zero, bits: 0)
        #expect(miner.search(tries: 1)?.tags == [["nonce", "0000000000", "0"]])
    }
}
