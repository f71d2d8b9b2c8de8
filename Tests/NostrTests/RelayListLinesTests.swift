import Nostr
import Testing

@Suite struct RelayListLinesTests {
    private func read(_ text: String, allowsLocal: Bool = false) -> RelayList {
        RelayList(lines: Array(text.utf8), allowsLocal: allowsLocal)
    }

    @Test func `blanks, comments and line ends are no part of a URL`() {
        let list = read(
            "\u{FEFF}# head\r\n\r\n  wss://a.example  \r\n\twss://b.example/x # why\n#wss://c.example\nwss://d.example")
        #expect(list.relays.map(\.text) == ["wss://a.example", "wss://b.example/x", "wss://d.example"])
        #expect(list.rejected.isEmpty && list.duplicates == 0)
    }

    @Test func `a hash inside a word is a fragment and no comment`() {
        #expect(read("wss://a.example/x#part").relays.map(\.text) == ["wss://a.example/x"])
    }

    @Test func `spellings of one relay are one relay`() {
        let list = read("wss://a.example\nWSS://A.example:443/\nws://a.example\nwss://a.example")
        #expect(list.relays.map(\.text) == ["wss://a.example", "ws://a.example"])
        #expect(list.duplicates == 2)
    }

    @Test func `bad lines are counted by reason and known by number`() {
        let list = read("# first\nhttp://a.example\nwss://a.example\n\nwss://\nwss://b.example:0\nhttps://b.example\n")
        #expect(list.relays.map(\.text) == ["wss://a.example"])
        #expect(list.rejected.map(\.place) == [2, 5, 6, 7])
        #expect(RelayList.reasons(list.rejected) == ["bad_scheme": 2, "missing_host": 1, "bad_port": 1])
    }

    @Test func `local addresses need the one switch that allows them`() {
        let text = "ws://127.0.0.1:7777\nws://localhost\nwss://[::1]\nwss://10.0.0.1\nws://0x7f.1"
        #expect(read(text).relays.isEmpty)
        #expect(RelayList.reasons(read(text).rejected) == ["local_address": 5])
        let allowed = read(text, allowsLocal: true)
        #expect(allowed.rejected.isEmpty && allowed.relays.count == 5)
        #expect(allowed.relays.allSatisfy { $0.network == .local })
    }

    @Test func `onions are stored with their network without a proxy`() {
        let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd"
        let list = read("ws://\(onion).onion")
        #expect(list.relays.map(\.network) == [.tor])
    }

    @Test func `bytes that are no text are a rejection and not the end`() {
        let list = RelayList(
            lines: Array("wss://a".utf8) + [0xFF, 0x0A, 0x00, 0x0A] + Array("wss://b.example".utf8), allowsLocal: false)
        #expect(list.relays.map(\.text) == ["wss://b.example"])
        #expect(list.rejected.map(\.place) == [1, 2])
        #expect(list.rejected.first?.reason == "bad_utf8")
    }

    @Test(arguments: [0, 1, 2, 1_000_000])
    func `a file of nothing but line ends has no relays`(_ lines: Int) {
        let list = read(String(repeating: "\n", count: lines))
        #expect(list == RelayList())
    }

    @Test func `a very long line is one rejection`() {
        let list = read("wss://a.example/" + String(repeating: "x", count: 5_000_000) + "\nwss://b.example")
        #expect(list.rejected == [.init(place: 1, reason: "too_long")])
        #expect(list.relays.count == 1)
    }

    @Test func `what is over the limit is named by its line, and known relays are not over it`() {
        let text = "wss://a.example\nwss://b.example\nwss://c.example\nwss://a.example\nwss://d.example"
        let list = RelayList(lines: Array(text.utf8), allowsLocal: false, limit: 2)
        #expect(list.relays.map(\.text) == ["wss://a.example", "wss://b.example"])
        #expect(list.duplicates == 1)
        #expect(list.rejected == [.init(place: 3, reason: "over_limit"), .init(place: 5, reason: "over_limit")])
    }
}
