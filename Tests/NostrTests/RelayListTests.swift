import Nostr
import Testing

@Suite struct RelayListTests {
    @Test func `every text is a relay, a duplicate or a rejection`() {
        var list = RelayList()
        let texts = ["wss://B.example", "no relay", "wss://a.example", "wss://b.example/", "ws://127.0.0.1:7"]
        for (place, text) in texts.enumerated() { list.add(text, place: place, allowsLocal: false) }
        list.reject(place: 9, reason: "bad_utf8")
        #expect(list.relays.map(\.text) == ["wss://b.example", "wss://a.example"])
        #expect(list.duplicates == 1)
        #expect(list.rejected.map(\.place) == [1, 4, 9])
        #expect(list.rejected.map(\.reason) == ["forbidden_character", "local_address", "bad_utf8"])
        #expect(RelayList.reasons(list.rejected) == ["forbidden_character": 1, "local_address": 1, "bad_utf8": 1])
    }

    @Test func `local relays are relays unless it is said that they are not`() {
        var list = RelayList()
        list.add("ws://127.0.0.1:7", place: 0)
        #expect(list.relays.map(\.network) == [.local] && list.rejected.isEmpty)
    }
}
