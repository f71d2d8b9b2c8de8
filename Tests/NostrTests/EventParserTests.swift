import Crypto
import Testing

@testable import Nostr

@Suite struct EventParserTests {
    @Test func `a signed event comes back field by field`() throws {
        let event = Fixtures.event(kind: 30023, tags: [["d", "x"], ["t", "nostr"]], content: "a\n\"b\" \\ ü 🚀")
        let parsed = try Fixtures.parse(event.json)
        #expect(parsed.id == event.id && parsed.pubkey == event.pubkey && parsed.signature == event.signature)
        #expect(parsed.createdAt == event.createdAt && parsed.kind == 30023 && parsed.dialect == .json)
        #expect(String(Array(event.json[parsed.tags])) == #"[["d","x"],["t","nostr"]]"#)
        #expect(String(Array(event.json[parsed.content])) == #"a\n\"b\" \\ ü 🚀"#)
        #expect(try Fixtures.columns(event.json) == event)
        #expect(parsed.hasValidSignature(SchnorrVerifier()) && event.hasValidSignature(SchnorrVerifier()))
    }

    @Test func `the members may stand in any order`() throws {
        let event = Fixtures.event(tags: [["e", Fixtures.pubkey]])
        let members = [
            "\"id\":\"\(event.id)\"", "\"pubkey\":\"\(event.pubkey)\"", "\"created_at\":\(event.createdAt.seconds)",
            "\"kind\":1", "\"tags\":\(String(event.tagsJSON))", "\"content\":\"hello\"",
            "\"sig\":\"\(event.signature)\"",
        ]
        var order = members
        var seed: UInt64 = 1
        for _ in 0..<200 {
            for index in order.indices {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                order.swapAt(index, Int(seed >> 33) % order.count)
            }
            #expect(try Fixtures.columns("{" + order.joined(separator: ",") + "}") == event)
        }
    }

    @Test(arguments: 0..<7) func `no member may be absent`(_ missing: Int) {
        let json = Fixtures.json()
        let names = ["id", "pubkey", "created_at", "kind", "tags", "content", "sig"]
        let renamed = json.replacing("\"\(names[missing])\":", with: "\"other\":", maxReplacements: 1)
        #expect(throws: EventError.missingField) { try Fixtures.parse(renamed) }
        #expect(throws: EventError.missingField) { try Fixtures.parse("{}") }
    }

    @Test func `members that nobody knows are skipped`() throws {
        let extra = #","relays":["wss://a",{"x":null}],"seen":1.5e3,"ok":true,"deep":[[1]],"":{},"t":false"#
        #expect(try Fixtures.parse(Fixtures.json(extra: extra)).kind == 1)
        #expect(try Fixtures.parse(Fixtures.json(extra: #","half":"\ud83d""#)).kind == 1)
    }

    @Test func `only so many unknown members are skipped`() throws {
        let members = (0..<32).map { ",\"x\($0)\":0" }.joined()
        #expect(try Fixtures.parse(Fixtures.json(extra: members)).kind == 1)
        #expect(throws: EventError.tooManyFields) { try Fixtures.parse(Fixtures.json(extra: members + ",\"y\":0")) }
    }

    @Test(arguments: [
        #","kind":1"#, #","id":"x""#, #","x":1,"x":2"#, #","\u006bind":1"#, #","x":1,"\u0078":2"#,
        #","created_\u0061t":1"#,
    ])
    func `no key may come twice, however it is spelled`(_ extra: String) {
        #expect(throws: EventError.duplicateKey) { try Fixtures.parse(Fixtures.json(extra: extra)) }
    }

    @Test func `keys and hex written with escapes are the same keys and hex`() throws {
        let json = Fixtures.json().replacing("\"kind\"", with: "\"k\\u0069nd\"")
            .replacing("\"pubkey\":\"0", with: "\"pubkey\":\"\\u0030", maxReplacements: 1)
        let plain = try Fixtures.columns(Fixtures.json())
        #expect(try Fixtures.columns(json) == plain)
    }

    @Test func `blanks between tokens change nothing`() throws {
        let event = Fixtures.event(tags: [["e", "x", ""], ["t"]])
        let spaced = String(event.json).replacing("[", with: " [\n\t").replacing("]", with: "\r ]").replacing(
            "\":", with: "\" : "
        ).replacing(",\"", with: " , \"").replacing("}", with: " } \n")
        #expect(try Fixtures.columns(" \r\n" + spaced) == event)
        #expect(String(try Fixtures.columns(spaced).tagsJSON) == #"[["e","x",""],["t"]]"#)
    }

    @Test func `escapes that NIP-01 does not name are read as what they stand for`() throws {
        let event = Fixtures.event(tags: [["t", "a/bé😀"]], content: "/\u{1F600}\"\u{7F}\u{1}")
        let written = String(event.json).replacing("/", with: #"\/"#).replacing("é", with: #"\u00e9"#)
            .replacing("😀", with: #"\uD83D\ude00"#).replacing("\\\"", with: #"\u0022"#)
            .replacing("\u{7F}", with: #"\u007F"#)
        let columns = try Fixtures.columns(written)
        #expect(columns == event && columns.dialect == .json)
    }

    @Test func `the limit of bytes is exact`() throws {
        let json = Array(Fixtures.json().utf8)
        #expect(try Fixtures.parse(json, limits: EventLimits(maxBytes: json.count)).kind == 1)
        #expect(throws: EventError.tooLarge) { try Fixtures.parse(json, limits: EventLimits(maxBytes: json.count - 1)) }
    }

    /// An event with a member of its own that makes so many levels.
    private func json(levels: Int, content: String = "\"hello\"") -> [UInt8] {
        let (open, close) = (String(repeating: "[", count: levels - 1), String(repeating: "]", count: levels - 1))
        return Array(Fixtures.json(content: content, extra: ",\"x\":\(open)\(close)").utf8)
    }

    @Test(arguments: [3, 5, 64]) func `the limit of levels is exact`(depth: Int) throws {
        let limits = EventLimits(maxDepth: depth)
        #expect(try Fixtures.parse(json(levels: depth), limits: limits).kind == 1)
        #expect(throws: EventError.tooDeep) { try Fixtures.parse(json(levels: depth + 1), limits: limits) }
        #expect(EventLimits().maxDepth == 3)
    }

    @Test func `what was kept whole under a larger limit of levels still gives its id`() throws {
        let json = json(levels: 64, content: #""a\u0000""#)
        let parsed = try Fixtures.parse(json, limits: EventLimits(maxDepth: 64))
        let event = json.withUnsafeBufferPointer { parsed.materialised(from: $0) }
        #expect(event.raw == json && event.recomputedID() == event.id)
    }

    @Test(arguments: [10, 4000, 4096, 4200, 70_000, 1_000_000])
    func `small and large events are hashed alike`(_ size: Int) throws {
        let event = Fixtures.event(
            tags: [["r", String(repeating: "y", count: size)]], content: String(repeating: "z", count: size))
        #expect(try Fixtures.columns(event.json) == event)
        let padded = String(event.json).replacing("[[", with: "[ [")
        #expect(try Fixtures.columns(padded) == event)
    }

    @Test func `one parser reads many events, also after a bad one`() throws {
        var parser = EventParser()
        for number in 0..<20 {
            let event = Fixtures.event(content: String(repeating: "x", count: number * 700))
            let parsed = try event.json.withUnsafeBufferPointer { bytes throws(EventError) in try parser.parse(bytes) }
            #expect(parsed.id == event.id)
            let bad = Array(String(event.json).replacing("\"kind\":1", with: "\"kind\":2").utf8)
            #expect(throws: EventError.idMismatch) {
                try bad.withUnsafeBufferPointer { bytes throws(EventError) in _ = try parser.parse(bytes) }
            }
        }
    }

    @Test func `every cut of an event is refused`() {
        let json = Fixtures.event(tags: [["e", "ü\\u00fc", "\\"]], content: "é😀\u{7F}").json
        for size in 0..<json.count {
            #expect(throws: EventError.self) { try Fixtures.parse(Array(json.prefix(size))) }
        }
    }

    @Test func `every kind of error has a stable name of its own`() {
        let names = EventError.allCases.map(\.kind)
        #expect(Set(names).count == names.count)
        #expect(
            names.allSatisfy { $0.utf8.allSatisfy { $0 == 95 || (97...122).contains($0) || (48...57).contains($0) } })
    }
}
