import Testing

@testable import Nostr

@Suite struct NIP19RelaysTests {
    @Test func `the nprofile example of NIP-19 names two relays`() throws {
        let text =
            "nprofile1qqsrhuxx8l9ex335q7he0f09aej04zpazpl0ne2cgukyawd24mayt8gpp4mhxue69uhhytnc9e3k7mgpz4"
            + "mhxue69uhkg6nzv9ejuumpv34kytnrdaksjlyr9p"
        let found = try NIP19Relays.read(text)
        #expect(
            found.texts.map { String(decoding: $0, as: UTF8.self) } == ["wss://r.x.com", "wss://djbas.sadkb.com"])
        #expect(found.isWhole)
    }

    @Test func `a relay of nrelay, types that are not known, and other entities`() throws {
        let relay = Array("wss://a.example".utf8)
        let nrelay = Bech32.encode(prefix: "nrelay", [77, 2, 9, 9, 0, UInt8(relay.count)] + relay)
        #expect(try NIP19Relays.read(nrelay) == .init(texts: [relay]))
        #expect(throws: KeyError.wrongPrefix) {
            try NIP19Relays.read(Bech32.encode(prefix: "npub", Array(repeating: 7, count: 32)))
        }
    }

    @Test(
        arguments: [
            ([1, 200, 0x77], []), ([1], []), ([0, 32, 5], []), ([1, 3, 0x77, 0x73, 0x73, 1, 255], ["wss"]),
        ] as [([UInt8], [String])])
    func `a length that is longer than the rest ends the reading`(_ bytes: [UInt8], before: [String]) throws {
        let found = try NIP19Relays.read(Bech32.encode(prefix: "nevent", bytes))
        #expect(!found.isWhole)
        #expect(found.texts.map { String(decoding: $0, as: UTF8.self) } == before)
    }
}
