import Support
import Testing

@testable import Nostr

@Suite struct RelayMentionReaderTests {
    /// The relays of an event by slot, with the tags as PostgreSQL writes them.
    private static func read(
        _ kind: UInt16, _ tags: [[String]] = [], _ content: String = "", allowsLocal: Bool = false
    ) -> RelayMentions {
        var reader = RelayMentionReader(allowsLocal: allowsLocal)
        var json: [UInt8] = []
        JSONWriter.append(tags, to: &json)
        return reader.read(kind: kind, tags: json, content: Array(content.utf8))
    }

    private static func slots(_ mentions: RelayMentions) -> [String] {
        mentions.found.map { "\($0.slot.rawValue) \($0.url.text)" }
    }

    private static func nevent(_ url: String) -> String {
        let bytes = Array(url.utf8)
        return "nostr:"
            + Bech32.encode(
                prefix: "nevent", [0, 32] + Array(repeating: 7, count: 32) + [1, UInt8(bytes.count)] + bytes)
    }

    private static func quoted(_ text: String) -> String {
        var json: [UInt8] = []
        JSONWriter.append(text, to: &json)
        return String(decoding: json, as: UTF8.self)
    }

    @Test func `a text of a list is judged as one in an event`() throws {
        var reader = RelayMentionReader(allowsLocal: false)
        let url = try RelayURL.parse("wss://a.example")
        #expect(reader.read(text: "wss://A.example/") == .relay(url, spelling: "wss://A.example/"))
        // No password is kept.
        #expect(reader.read(text: "wss://u:p@a.example") == .relay(url, spelling: "wss://a.example"))
        for (text, reason) in [
            ("", "empty"), ("a.example", "bad_scheme"), ("wss://10.0.0.1", "local_address"),
            ("wss://a.example" + String(repeating: "/x", count: 1_100), "too_long"),
        ] { #expect(reader.read(text: text) == .rejected(reason)) }
        // Lists are longer than events: no limit of events holds.
        for number in 0..<(RelayMentionReader.maxTexts * 3) {
            guard case .relay = reader.read(text: "wss://r\(number).example") else {
                return _ = Issue.record("\(number) was left out")
            }
        }
    }

    /// Every slot, as an event that holds one URL in it.
    private struct Case: Sendable {
        var slot: RelaySlot
        var kind: UInt16
        var tags: @Sendable (String) -> [[String]] = { _ in [] }
        var content: @Sendable (String) -> String = { _ in "" }
    }

    private static func tagged(
        _ slot: RelaySlot, _ kind: UInt16, _ tag: @escaping @Sendable (String) -> [String]
    ) -> Case { Case(slot: slot, kind: kind, tags: { [["t", "x"], [], tag($0), ["alt", "y"]] }) }

    private static func hint(_ slot: RelaySlot, _ name: String) -> Case {
        tagged(slot, 1) { [name, String(repeating: "a", count: 64), $0, "reply"] }
    }

    private static let cases: [Case] =
        [10007, 10012, 10013, 10050, 10051, 10102, 30002].map { kind in tagged(.relaySet, kind) { ["relay", $0] } }
        + [62, 1068, 10019, 22242, 34550].map { kind in tagged(.relayTag, kind) { ["relay", $0] } }
        + [9041, 9735, 30311, 30312, 30313, 30617, 5300].map { kind in
            tagged(.relaysTag, kind) { ["relays", "wss://first.example", $0] }
        }
        + [("e", RelaySlot.eventHint), ("E", .eventHint), ("q", .eventHint), ("p", .authorHint), ("P", .authorHint)]
        .map { hint($0.1, $0.0) }
        + [
            hint(.addressHint, "a"), hint(.addressHint, "A"), hint(.zapHint, "zap"),
            tagged(.relayList, 10002) { ["r", $0, "read"] },
            tagged(.probed, 30166) { ["d", $0] }, tagged(.probed, 1066) { ["r", $0] },
            tagged(.blocked, 10006) { ["relay", $0] },
            tagged(.group, 10009) { ["group", "id", $0] }, tagged(.group, 10009) { ["r", $0] },
            tagged(.clientHint, 1) { ["client", "App", "31990:aa:x", $0] },
            tagged(.jobInput, 5050) { ["i", "text", "event", $0] },
            tagged(.provider, 10040) { ["30382:rank", "aa", $0] },
            tagged(.reference, 1) { ["r", $0] },
            tagged(.zapRequest, 9734) { ["relays", $0] },
            tagged(.zapRequest, 9735) {
                ["description", #"{"kind":9734,"content":"","tags":[["p","aa"],["relays",\#(quoted($0))]]}"#]
            },
            Case(slot: .followList, kind: 3, content: { "{\(quoted($0)):{\"read\":true,\"write\":[1]}}" }),
            Case(slot: .recommended, kind: 2, content: { " \($0)\n" }),
            Case(slot: .channel, kind: 40, content: { #"{"name":"x","relays":[\#(quoted($0))]}"# }),
            Case(slot: .text, kind: 1, content: { "see \($0) and https://example.com/x." }),
            Case(slot: .text, kind: 30023, content: { "[here](\($0)), or (\($0))" }),
            Case(slot: .nostrURI, kind: 1, content: { "look: \(nevent($0)) at 12:30" }),
        ]

    @Test func `every slot has a case, and its URL is found in it`() {
        #expect(Set(Self.cases.map(\.slot)) == Set(RelaySlot.allCases).subtracting([.nip05]))
        for item in Self.cases {
            let url = "wss://relay.example/path"
            let mentions = Self.read(item.kind, item.tags(url), item.content(url))
            let here = mentions.found.filter { $0.url.text == url }
            #expect(!here.isEmpty && here.allSatisfy { $0.slot == item.slot }, "\(item.slot) of kind \(item.kind)")
            #expect(mentions.rejected.isEmpty, "\(item.slot) of kind \(item.kind): \(mentions.rejected)")
        }
    }

    @Test func `URLs of all kinds are found in all slots, and junk never becomes a relay`() throws {
        var random = SplitMix64(seed: 4)
        for round in 0..<400 {
            let item = Self.cases[round % Self.cases.count]
            let url = Self.randomURL(&random)
            let expected = try RelayURL.parse(url)
            let mentions = Self.read(item.kind, item.tags(url), item.content(url))
            #expect(mentions.found.contains { $0.url == expected && $0.slot == item.slot }, "\(url) in \(item.slot)")
            let junk = Self.randomJunk(&random)
            let others = Self.read(item.kind, item.tags(junk), item.content(junk))
            for mention in others.found where mention.url.text != "wss://first.example" {
                Issue.record("\(junk.debugDescription) in \(item.slot) became \(mention.url)")
            }
        }
    }

    private static func randomURL(_ random: inout SplitMix64) -> String {
        let hosts = [
            "relay\(random.next() % 1000).example.com", "8.8.4.4", "[2606:4700::1111]", "a-b.c_d.example.org",
            "RELAY.Example.NET", "b\u{FC}cher.example", "\u{4E2D}\u{6587}.\u{4E2D}\u{56FD}",
            "relay\u{3002}example\u{3002}org",
        ]
        let host = hosts[Int(random.next() % UInt64(hosts.count))]
        let scheme = ["wss://", "ws://", "WSS://"][Int(random.next() % 3)]
        let port = ["", ":443", ":7777"][Int(random.next() % 3)]
        let path = ["", "/", "/a/b", "/?x=1&y=2", "/npub1qqqqqq"][Int(random.next() % 5)]
        return scheme + host + port + path
    }

    private static func randomJunk(_ random: inout SplitMix64) -> String {
        let junk = [
            "wss://", "wss:///", "wss://wss://a.example", "wss://a.examplewss://b.example",
            "wss://127.0.0.1", "ws://0x7f.1:80", "wss://10.0.0.1/x", "wss://umbrel.local", "wss://localhost",
            "https://relay.example.com", "relay.example.com", "[object Object]", "wss://[::1]", "wss://a..example",
            "wss://re\u{200B}lay.example", "wss://\u{300}a.example", "wss://relay.example:99999",
            "wss://-a.example", "wss://a.example:8o", "wss://expyuzz4wqqyqhjn.onion", "xwss://a.example", "wss:/",
            "wss://relay.da\u{2026}", "wss://relay.dam...", "wss://%00.example", "://", "nostr:nevent1qqqqqq",
            "wss://\u{1F4A9}.example", "ws://localhost:4848", "wss://\u{FF11}27.0.0.1",
        ]
        return junk[Int(random.next() % UInt64(junk.count))]
    }

    private static let texts: [(String, [String])] = [
        ("wss://a.example.", ["wss://a.example"]),
        ("(wss://a.example)", ["wss://a.example"]),
        ("wss://a.example,wss://b.example;wss://c.example", ["wss://a.example", "wss://b.example", "wss://c.example"]),
        ("**wss://a.example** _wss://b.example_!", ["wss://a.example", "wss://b.example"]),
        ("[wss://a.example](wss://b.example)", ["wss://a.example", "wss://b.example"]),
        ("wss://a.example\r\nwss://b.example/x\r\n", ["wss://a.example", "wss://b.example/x"]),
        (#"{"relay":"wss://a.example\n"}"#, ["wss://a.example"]),
        ("\u{4F7F}\u{7528}wss://a.example\u{3002}", ["wss://a.example"]),
        ("wss://a.example\u{8BD5}\u{8BD5}", ["wss://a.example"]),
        ("wss://a.example:7777\u{8BD5}", ["wss://a.example:7777"]),
        ("wss://b\u{FC}cher.example\u{306F}", ["wss://xn--bcher-kva.example"]),
        ("wss://\u{4E2D}\u{6587}.\u{4E2D}\u{56FD}/x", ["wss://xn--fiq228c.xn--fiqs8s/x"]),
        ("wss://a.example\u{3002}Next one", ["wss://a.example"]),
        ("wss://a\u{3002}example\u{3002}org \u{3002}", ["wss://a.example.org"]),
        ("wss://a.example\u{FF0C}wss://b.example", ["wss://a.example", "wss://b.example"]),
        ("wss://a.example/\u{3067}\u{3059}", ["wss://a.example"]),
        ("wss://a.example\u{26A1}\u{FE0F}", ["wss://a.example"]),
        ("wss://[2606:4700::1111]:7777/ ok", ["wss://[2606:4700::1111]:7777"]),
        ("https://x.example/?relay=wss://a.example&y=1", []),
        ("no relay: 12:30, https://example.com, mailto:a@b", []),
    ]

    @Test(arguments: texts) func `URLs end where the text goes on`(_ text: String, _ expected: [String]) {
        let mentions = Self.read(1, [], text)
        #expect(mentions.found.map(\.url.text) == expected)
        #expect(mentions.found.allSatisfy { $0.slot == .text })
    }

    private static let rejections: [(UInt16, [[String]], String, [String: Int])] = [
        (10002, [["r", "relay.example"], ["r", ""], ["r"]], "", ["bad_scheme": 1]),
        (10002, [["r", "wss://192.168.1.1"], ["r", "wss://b"]], "", ["local_address": 2]),
        (
            1, [["e", "aa", "root"], ["r", "https://a.example"], ["p", "aa", "https://x.example"]], "",
            ["bad_scheme": 1]
        ),
        (3, [], "[]", ["not_an_object": 1]), (3, [], "wss://a.example", ["not_an_object": 1]),
        (3, [], #"{"wss://a.example""#, ["bad_json": 1]), (3, [], " \n", [:]),
        (3, [], #"{"a":"# + String(repeating: "[", count: 100_000), ["bad_json": 1]),
        (1, [], "nostr:nevent1qqqqqq", ["bad_bech32": 1]),
        (1, [], "nostr:nprofile1" + String(repeating: "q", count: 9_000), ["bad_bech32": 1]),
        (1, [], "nostr:" + Bech32.encode(prefix: "naddr", [1, 99, 0x77]), ["bad_tlv": 1]),
        (1, [], "nostr:" + Bech32.encode(prefix: "naddr", [1, 2, 0xFF, 0xFE]), ["bad_utf8": 1]),
        (1, [], "wss://a.examplewss://b.example", ["nested_url": 1]),
        (1, [], "wss://a.e\u{200B}xample", ["forbidden_character": 1]),
        (1, [], "wss://a.\u{1}example", ["forbidden_character": 1]),
        (1, [], "wss://relay.da...", ["shortened": 1]), (1, [], "wss://", ["missing_host": 1]),
        (1, [["e", "aa", "wss://a.example/" + String(repeating: "x", count: 8_000)]], "", ["too_long": 1]),
        (1, [], "wss://a.example/" + String(repeating: "x", count: 8_000), ["too_long": 1]),
        (2, [], "wss://a.example\r\nwss://b.example", ["forbidden_character": 1]),
    ]

    @Test(arguments: rejections)
    func `what is no relay has a reason`(_ kind: UInt16, _ tags: [[String]], _ content: String, _ why: [String: Int]) {
        let mentions = Self.read(kind, tags, content)
        #expect(mentions.found.isEmpty, "\(mentions.found)")
        #expect(mentions.rejected == why)
    }

    @Test func `a password never becomes a spelling`() throws {
        let mentions = Self.read(
            10002, [["r", "wss://me:secret@A.example/#x"], ["r", "wss://A.example/?token=s3cret"]])
        #expect(mentions.found.map(\.spelling) == ["wss://a.example", "wss://a.example"])
        #expect(Self.read(10002, [["r", "wss://A.example/#x"]]).found.map(\.spelling) == ["wss://A.example/#x"])
    }

    @Test func `local addresses are relays only where they are allowed`() {
        let tags = [["r", "ws://127.0.0.1:7777"]]
        #expect(Self.read(10002, tags).rejected == ["local_address": 1])
        #expect(Self.slots(Self.read(10002, tags, allowsLocal: true)) == ["relay_list ws://127.0.0.1:7777"])
    }

    @Test func `an event is bounded, however much it holds`() {
        let tags = (0..<2_000).map { ["r", "wss://r\($0).example"] }
        #expect(Self.read(10002, tags).found.count == 2_000)
        let many = (0..<6_000).map { "wss://r\($0).example " }.joined()
        let mentions = Self.read(1, [], many)
        #expect(mentions.found.count == RelayMentionReader.maxTexts)
        #expect(mentions.rejected == ["over_limit": 6_000 - RelayMentionReader.maxTexts])
        for piece in ["wss://", "://", "nostr:", "nostr:nevent1", "{\"a\":", "wss://a..b\u{3002}", "\u{FFFD}:"] {
            let content = String(repeating: piece, count: (1 << 20) / piece.utf8.count)
            for kind: UInt16 in [1, 2, 3, 40] { #expect(Self.read(kind, [], content).found.isEmpty) }
        }
    }

    @Test func `broken bytes trap nothing`() throws {
        var random = SplitMix64(seed: 9)
        var reader = RelayMentionReader(allowsLocal: false)
        let whole = Array(
            #"[["r", "wss://a.example"], ["e", "x", "wss://b\u002fc\\", {"k": [1, null]}], [], "s"]"#.utf8)
        let content = Array(
            ("{\"wss://a.example\":{}} wss://b.example\u{3002}x " + Self.nevent("wss://c.example")).utf8)
        for _ in 0..<3_000 {
            var (tags, text) = (whole, content)
            for _ in 0...Int(random.next() % 3) {
                tags[Int(random.next() % UInt64(tags.count))] = UInt8(truncatingIfNeeded: random.next())
                text[Int(random.next() % UInt64(text.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            tags.removeLast(Int(random.next() % 4))
            text.removeLast(Int(random.next() % 4))
            for kind: UInt16 in [1, 2, 3, 40, 9735, 10002] {
                for mention in reader.read(kind: kind, tags: tags, content: text).found {
                    #expect(try RelayURL.parse(mention.url.text) == mention.url)
                }
            }
        }
    }
}
