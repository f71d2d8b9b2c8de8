import Crypto
import Testing

@testable import Nostr

/// What is derived from an event for the archive.
@Suite struct EventColumnsTests {
    @Test(arguments: [
        (UInt16(0), "7b0045560f818f9d1683b35f7982c689"), (10002, "d0ae3a2894b35e73f2f0e4823ad3e679"),
        (30023, "1623f32d8275e78b93fd0616ef68ee6f"),
    ])
    func `golden address keys`(_ kind: UInt16, _ key: String) throws {
        let pubkey = try #require(PublicKey(hex: Fixtures.pubkey))
        let address = AddressKey(kind: kind, pubkey: pubkey, d: Array("my-article".utf8))
        #expect(address.map { Hex.encode($0.bytes) } == key)
    }

    @Test(arguments: [
        (UInt16(0), true), (1, false), (2, false), (3, true), (4, false), (41, false), (9999, false), (10_000, true),
        (19_999, true), (20_000, false), (29_999, false), (30_000, true), (39_999, true), (40_000, false),
        (65_535, false),
    ])
    func `only replaceable and addressable kinds have an address`(_ kind: UInt16, _ hasAddress: Bool) {
        #expect((Fixtures.event(kind: kind).address != nil) == hasAddress)
    }

    @Test func `the first d tag counts, and a missing one equals an empty one`() {
        let none = Fixtures.event(kind: 30000).address
        #expect(Fixtures.event(kind: 30000, tags: [["d", ""]]).address == none)
        #expect(Fixtures.event(kind: 30000, tags: [["d"], ["d", "x"]]).address == none)
        let named = Fixtures.event(kind: 30000, tags: [["t", "d"], ["d", "a:b"], ["d", "y"]]).address
        #expect(named != none && named == Fixtures.event(kind: 30000, tags: [["d", "a:b", "z"]]).address)
        #expect(Fixtures.event(kind: 30001, tags: [["d", "a:b"]]).address != named)
        #expect(Fixtures.event(kind: 30000, tags: [["d", "a:b"]], key: 2).address != named)
        #expect(Fixtures.event(kind: 10002, tags: [["d", "x"]]).address == Fixtures.event(kind: 10002).address)
    }

    @Test(
        arguments: [
            ("0", Int64(0)), ("1700000000", 1_700_000_000), ("9223372036854775807", .max), ("9223372036854775808", nil),
            ("-5", nil), ("+5", nil), ("1.5", nil), ("soon", nil), ("", nil), (" 5", nil), ("٣", nil),
        ] as [(String, Int64?)])
    func `expiration is a decimal number or nothing`(_ value: String, _ seconds: Int64?) {
        #expect(Fixtures.event(tags: [["expiration", value]]).expiresAt?.seconds == seconds)
    }

    @Test func `of several expirations the first counts`() {
        let event = Fixtures.event(tags: [["expire", "1"], ["expiration", "2"], ["expiration", "3"]])
        #expect(event.expiresAt == UnixTime(seconds: 2))
        #expect(Fixtures.event(tags: [["expiration"], ["expiration", "3"]]).expiresAt == nil)
        #expect(Fixtures.event().expiresAt == nil)
    }

    @Test func `ids survive a database that spells tags in its own way`() {
        let event = Fixtures.event(tags: [["t", "a\u{1}\"\u{7F}/\\"], []], content: "\u{8}\u{C}\t\n\r\u{0B}")
        let spelled = String(event.tagsJSON).replacing("[", with: " [ ").replacing(",", with: ", ")
            .replacing("\\u0001", with: "\\u0001").replacing("/", with: #"\/"#)
        let stored = Event(
            id: event.id, pubkey: event.pubkey, createdAt: event.createdAt, kind: event.kind,
            signature: event.signature, tagsJSON: Array(spelled.utf8), content: event.content, dialect: event.dialect)
        #expect(stored.recomputedID() == event.id && stored.tags == event.tags && stored.json == event.json)
    }

    @Test func `lost or changed columns give another id`() {
        let event = Fixtures.event(tags: [["t", "a"]])
        let changed = Event(
            id: event.id, pubkey: event.pubkey, createdAt: event.createdAt, kind: event.kind,
            signature: event.signature, tagsJSON: Array(#"[["t","b"]]"#.utf8), content: event.content)
        #expect(changed.recomputedID() != event.id && event.recomputedID() == event.id)
    }

    @Test func `JSON of an event is read back as the same event`() throws {
        let event = Fixtures.event(kind: 0, tags: [["a", "\\u0041"], []], content: "{\"name\":\"\u{1F}é\u{7F}\"}")
        #expect(try Fixtures.columns(event.json) == event)
        #expect(
            String(event.json).hasPrefix("{\"id\":\"\(event.id)\",\"pubkey\":\"\(event.pubkey)\",\"created_at\":17"))
    }
}

@Suite struct NIP09DeletionTests {
    private let target = String(repeating: "a", count: 64)
    private var author: String { Fixtures.key().publicKey.hex }

    @Test func `names events by id, for all time, and addresses up to its own`() throws {
        let event = Fixtures.event(kind: 5, tags: [["e", target], ["k", "1"], ["a", "30023:\(author):my:d"]])
        #expect(event.tombstones.count == 2)
        let address = try #require(
            AddressKey(kind: 30023, pubkey: event.pubkey, d: Array("my:d".utf8)))
        #expect(event.tombstones.contains(Tombstone(key: address.bytes, pubkey: event.pubkey, upTo: event.createdAt)))
        let id = try #require(EventID(hex: target))
        #expect(event.tombstones.contains(Tombstone(key: id.bytes, pubkey: event.pubkey, upTo: .max)))
    }

    @Test func `the author's own key is no event's id, and no request to vanish`() {
        #expect(Fixtures.event(kind: 5, tags: [["e", author]]).tombstones.isEmpty)
        let request = Fixtures.event(kind: 62, tags: [["relay", "ALL_RELAYS"]])
        #expect(request.tombstones.map(\.key) == [Fixtures.key().publicKey.bytes])
    }

    @Test func `an address matches the one of the event that it names`() {
        for tags in [[["d", "x"]], [["d", ""]], []] {
            let target = Fixtures.event(kind: 30023, tags: tags)
            let d = tags.first?[1] ?? ""
            let deletion = Fixtures.event(kind: 5, tags: [["a", "30023:\(author):\(d)"]])
            #expect(deletion.tombstones.map(\.key) == [target.address?.bytes ?? []])
        }
        for text in ["10002:\(author):", "10002:\(author)"] {
            let deletion = Fixtures.event(kind: 5, tags: [["a", text]])
            #expect(deletion.tombstones.map(\.key) == [Fixtures.event(kind: 10002).address?.bytes ?? []])
        }
    }

    @Test(arguments: [
        ["e", "short"], ["e", String(repeating: "A", count: 64)], ["e"], ["a", ""], ["a", "30023"],
        ["a", "1:PUBKEY:d"],
        ["a", "65536:PUBKEY:d"], ["a", "30023:\(String(repeating: "b", count: 64)):d"], ["a", "x:PUBKEY:d"],
        ["E", String(repeating: "a", count: 64)], ["p", String(repeating: "a", count: 64)],
    ])
    func `what names nothing of the author's is no target`(_ tag: [String]) {
        let tag = tag.map { $0.replacing("PUBKEY", with: author) }
        #expect(Fixtures.event(kind: 5, tags: [tag]).tombstones.isEmpty)
    }

    @Test func `the same target twice is one, and other kinds delete nothing`() {
        #expect(Fixtures.event(kind: 5, tags: [["e", target], ["e", target]]).tombstones.count == 1)
        #expect(Fixtures.event(kind: 1, tags: [["e", target]]).tombstones.isEmpty)
    }
}

@Suite struct NIP62VanishTests {
    private func tombstones(_ tags: [[String]], servedAs url: String? = nil) throws -> [Tombstone] {
        let event = Fixtures.event(kind: 62, tags: tags)
        let parsed = try Fixtures.parse(event.json)
        let own = try url.map { try RelayURL.parse($0) }
        return event.json.withUnsafeBufferPointer { parsed.materialised(from: $0, servedAs: own).tombstones }
    }

    @Test func `a request to all relays is for us too`() throws {
        let event = Fixtures.event(kind: 62)
        let all = Tombstone(key: event.pubkey.bytes, pubkey: event.pubkey, upTo: event.createdAt)
        #expect(try tombstones([["relay", "wss://other.example.com"], ["relay", "ALL_RELAYS"]]) == [all])
    }

    @Test func `a request to one relay is for that relay`() throws {
        let own = "wss://archive.example.com"
        #expect(try tombstones([["relay", "wss://other.example.com"]], servedAs: own).isEmpty)
        #expect(try tombstones([["relay", "WSS://Archive.Example.com:443/"]], servedAs: own).count == 1)
        #expect(try tombstones([["relay", "WSS://Archive.Example.com:443/"]]).isEmpty)
        #expect(try tombstones([["relay", "not a url"], ["relay"], ["r", "ALL_RELAYS"]], servedAs: own).isEmpty)
    }
}
