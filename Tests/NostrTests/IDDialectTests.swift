import Crypto
import Testing

@testable import Nostr

/// Strings whose id depends on the writer, each with the first eight bytes of the id in the three dialects. The numbers
/// were measured with software of the three families (Node, Go, serde; strfry; the letter of NIP-01).
@Suite struct IDDialectTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        let json: String
        let del: String
        let raw: String
        var testDescription: String { text.debugDescription }
    }

    static let rows = [
        Row(text: "a/b", json: "716fc0df99be0d23", del: "716fc0df99be0d23", raw: "716fc0df99be0d23"),
        Row(text: "a\u{1}b", json: "00a8e7f81572e521", del: "00a8e7f81572e521", raw: "ad6b0ae8d47fbdee"),
        Row(text: "a\u{0}b", json: "2d170563546c87c4", del: "2d170563546c87c4", raw: "d8799cc65acde675"),
        Row(text: "a\u{7F}b", json: "dd365fabea318183", del: "c211a4a8f7e9b827", raw: "dd365fabea318183"),
        Row(
            text: "a\u{2028}\u{2029}b", json: "7e6eb2bcd53fb7d9", del: "7e6eb2bcd53fb7d9", raw: "7e6eb2bcd53fb7d9"),
        Row(text: "\u{1F}\u{B}", json: "8a79c7a597047c74", del: "8a79c7a597047c74", raw: "04323484d484cf06"),
        Row(text: "😀\u{202E}", json: "ac7e971406472818", del: "ac7e971406472818", raw: "ac7e971406472818"),
    ]

    private static func ids(_ row: Row) throws -> [IDDialect: EventID] {
        let pubkey = try #require(PublicKey(hex: Fixtures.pubkey))
        let event = UnsignedEvent(createdAt: UnixTime(seconds: 1_700_000_000), kind: 1, content: row.text)
        return Dictionary(
            uniqueKeysWithValues: IDDialect.allCases.map { ($0, event.id(pubkey: pubkey, dialect: $0)) })
    }

    @Test(arguments: rows) func `the ids of all dialects are as measured`(_ row: Row) throws {
        let ids = try Self.ids(row)
        #expect(ids[.json]?.hex.prefix(16) == row.json[...])
        #expect(ids[.del]?.hex.prefix(16) == row.del[...])
        #expect(ids[.raw]?.hex.prefix(16) == row.raw[...])
    }

    @Test(arguments: rows, [true, false])
    func `the parser finds out the dialect and keeps the text`(_ row: Row, _ escapesDelete: Bool) throws {
        var text: [UInt8] = []
        CanonicalJSON.appendString(row.text.utf8, dialect: escapesDelete ? .del : .json, to: &text)
        for (dialect, id) in try Self.ids(row) {
            let json = Fixtures.json(content: "\"\(String(text))\"", id: id.hex)
            let event = try Fixtures.columns(json)
            // Where two dialects give the same id, the first one is meant.
            let first = IDDialect.allCases.first { (try? Self.ids(row)[$0]) == id }
            #expect(event.dialect == first, "\(dialect)")
            #expect(event.id == id && event.recomputedID() == id)
            #expect(String(event.content) == row.text.replacing("\0", with: "\u{FFFD}"))
        }
    }

    @Test(arguments: [IDDialect.json, .del, .raw])
    func `dialects count in tags as in content`(_ dialect: IDDialect) throws {
        var tags = Array("[".utf8)
        CanonicalJSON.appendArray(["alt", "\u{7F}\u{1}"], dialect: dialect, to: &tags)
        tags.append(UInt8(ascii: "]"))
        let json = Fixtures.json(tags: #"[["alt","\u007f\u0001"]]"#, canonicalTags: String(tags))
        let event = try Fixtures.columns(json)
        #expect(event.dialect == dialect && event.recomputedID() == event.id)
        #expect(event.tags == [["alt", "\u{7F}\u{1}"]])
    }

    @Test func `a wrong id is wrong in every dialect`() {
        for content in ["plain", "\u{7F}", "\\u0001", "\\u007f\\u0000", "\\/"] {
            #expect(throws: EventError.idMismatch) {
                try Fixtures.parse(Fixtures.json(content: "\"\(content)\"", id: String(repeating: "a", count: 64)))
            }
        }
    }

    @Test func `the escaped slash of Foundation's encoder is another text only in its JSON`() throws {
        // Hashing `a\/b` as it stands gives 1e13fa4b7ba0b180..., which no other software accepts.
        let wrong = Fixtures.json(content: #""a\/b""#)
        #expect(wrong.contains("\"1e13fa4b7ba0b180"))
        #expect(throws: EventError.idMismatch) { try Fixtures.parse(wrong) }
        let right = try Fixtures.columns(Fixtures.json(content: #""a\/b""#, canonicalContent: #""a/b""#))
        #expect(right.id.hex.hasPrefix("716fc0df99be0d23") && String(right.content) == "a/b")
    }
}
