import Crypto
import Testing

@testable import Nostr

/// What relays really send, and what becomes of it: kept whole, or refused with a reason of its own.
@Suite struct DataTrapTests {
    struct Refusal: Sendable, CustomTestStringConvertible {
        let error: EventError
        let json: [UInt8]
        let name: String
        var testDescription: String { "\(error.kind): \(name)" }

        init(_ error: EventError, _ name: String, _ json: String) {
            self.init(error, name, bytes: Array(json.utf8))
        }

        init(_ error: EventError, _ name: String, bytes: [UInt8]) {
            self.error = error
            self.name = name
            json = bytes
        }
    }

    private static func content(_ bytes: [UInt8]) -> [UInt8] {
        let parts = Fixtures.json(content: "\"@\"").split(separator: "@")
        return Array(parts[0].utf8) + bytes + Array(parts[1].utf8)
    }

    private static let upper = String(repeating: "A", count: 64)

    static let refusals: [Refusal] = [
        Refusal(.loneSurrogate, "high half in content", Fixtures.json(content: #""\ud83d""#)),
        Refusal(.loneSurrogate, "low half in content", Fixtures.json(content: #""\ude00""#)),
        Refusal(.loneSurrogate, "halves in the wrong order", Fixtures.json(content: #""\ude00\ud83d""#)),
        Refusal(.loneSurrogate, "high half before another escape", Fixtures.json(content: #""\ud83d\n""#)),
        Refusal(.loneSurrogate, "two high halves in a tag", Fixtures.json(tags: #"[["t","\ud83d\ud83d"]]"#)),
        Refusal(.badUTF8, "surrogate coded as UTF-8", bytes: content([0xED, 0xA0, 0xBD])),
        Refusal(.badUTF8, "pair coded as CESU-8", bytes: content([0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80])),
        Refusal(.badUTF8, "lone continuation byte", bytes: content([0x80])),
        Refusal(.badUTF8, "overlong slash", bytes: content([0xC0, 0xAF])),
        Refusal(.badUTF8, "overlong of three", bytes: content([0xE0, 0x9F, 0xBF])),
        Refusal(.badUTF8, "overlong of four", bytes: content([0xF0, 0x8F, 0xBF, 0xBF])),
        Refusal(.badUTF8, "above U+10FFFF", bytes: content([0xF4, 0x90, 0x80, 0x80])),
        Refusal(.badUTF8, "lead byte F5", bytes: content([0xF5, 0x80, 0x80, 0x80])),
        Refusal(.badUTF8, "cut before the quote", bytes: content([0xE2, 0x82])),
        Refusal(
            .badUTF8, "in an unknown member", bytes: content([0x22, 0x2C, 0x22, 0x78, 0x22, 0x3A, 0x22, 0xFF])),
        Refusal(.controlByte, "raw newline", Fixtures.json(content: "\"a\nb\"")),
        Refusal(.controlByte, "raw NUL", Fixtures.json(content: "\"a\0b\"")),
        Refusal(.controlByte, "raw 1F in a tag", Fixtures.json(tags: "[[\"a\u{1F}\"]]")),
        Refusal(.kindOutOfRange, "65536", Fixtures.json(kind: "65536")),
        Refusal(.kindOutOfRange, "above 64 bits", Fixtures.json(kind: "99999999999999999999999")),
        Refusal(.kindOutOfRange, "negative", Fixtures.json(kind: "-1")),
        Refusal(.badKind, "text", Fixtures.json(kind: "\"1\"")),
        Refusal(.badKind, "null", Fixtures.json(kind: "null")),
        Refusal(.fractionalNumber, "kind 1.0", Fixtures.json(kind: "1.0")),
        Refusal(.exponentNumber, "kind 1e0", Fixtures.json(kind: "1e0")),
        Refusal(.notJSON, "leading zero", Fixtures.json(kind: "01")),
        Refusal(.negativeCreatedAt, "-1", Fixtures.json(createdAt: "-1")),
        Refusal(.negativeCreatedAt, "minus zero", Fixtures.json(createdAt: "-0")),
        Refusal(.createdAtOutOfRange, "2^63", Fixtures.json(createdAt: "9223372036854775808")),
        Refusal(.createdAtOutOfRange, "2^64", Fixtures.json(createdAt: "18446744073709551616")),
        Refusal(.createdAtOutOfRange, "milliseconds of nobody", Fixtures.json(createdAt: "170000000000000000000")),
        Refusal(.fractionalNumber, "1700000000.0", Fixtures.json(createdAt: "1700000000.0")),
        Refusal(.exponentNumber, "1e9", Fixtures.json(createdAt: "1e9")),
        Refusal(.exponentNumber, "17E8", Fixtures.json(createdAt: "17E8")),
        Refusal(.badCreatedAt, "text", Fixtures.json(createdAt: "\"1700000000\"")),
        Refusal(.duplicateKey, "content twice", Fixtures.json(extra: ",\"content\":\"\"")),
        Refusal(.badTags, "null", Fixtures.json(tags: "null")),
        Refusal(.badTags, "a number in a tag", Fixtures.json(tags: #"[["p",1]]"#)),
        Refusal(.badTags, "null in a tag", Fixtures.json(tags: #"[["p",null]]"#)),
        Refusal(.badTags, "a text instead of a tag", Fixtures.json(tags: #"["p"]"#)),
        Refusal(.badTags, "a list in a tag", Fixtures.json(tags: #"[["p",["x"]]]"#)),
        Refusal(.badTags, "an object", Fixtures.json(tags: "{}")),
        Refusal(.badTags, "comma at the end", Fixtures.json(tags: #"[["p"],]"#)),
        Refusal(.badTags, "comma at the end of a tag", Fixtures.json(tags: #"[["p",]]"#)),
        Refusal(.badContent, "null", Fixtures.json(content: "null")),
        Refusal(.badContent, "a number", Fixtures.json(content: "1")),
        Refusal(.uppercaseHex, "id", Fixtures.json(id: upper)),
        Refusal(.uppercaseHex, "pubkey", Fixtures.json().replacing("\"\(Fixtures.pubkey)\"", with: "\"\(upper)\"")),
        Refusal(.uppercaseHex, "sig", Fixtures.json().replacing(Fixtures.signature, with: upper + upper)),
        Refusal(.badHex, "npub as pubkey", Fixtures.json().replacing(Fixtures.pubkey, with: "npub1xyz")),
        Refusal(.badHex, "63 characters", Fixtures.json(id: String(upper.dropLast()).lowercased())),
        Refusal(.badHex, "a letter beyond f", Fixtures.json(id: String(repeating: "g", count: 64))),
        Refusal(.badHex, "a number", Fixtures.json().replacing("\"sig\":\"", with: "\"sig\":1,\"x\":\"")),
        Refusal(.byteOrderMark, "in front", bytes: [0xEF, 0xBB, 0xBF] + Array(Fixtures.json().utf8)),
        Refusal(.trailingBytes, "another object", Fixtures.json() + "{}"),
        Refusal(.trailingBytes, "NUL", Fixtures.json() + "\0"),
        Refusal(.trailingBytes, "a comma", Fixtures.json() + ","),
        Refusal(.tooDeep, "four levels", Fixtures.json(extra: ",\"x\":[[[]]]")),
        Refusal(.tooDeep, "four levels of objects", Fixtures.json(extra: #","x":{"a":{"b":{}}}"#)),
        Refusal(.tooDeep, "bracket bomb", "{\"x\":" + String(repeating: "[", count: 200_000)),
        Refusal(.notJSON, "empty", ""),
        Refusal(.notJSON, "an array", "[]"),
        Refusal(.notJSON, "a bad escape", Fixtures.json(content: #""\x""#)),
        Refusal(.notJSON, "a short escape", Fixtures.json(content: #""\u00g0""#)),
        Refusal(.notJSON, "single quotes", Fixtures.json(extra: ",'x':1")),
        Refusal(.notJSON, "comma at the end", Fixtures.json(extra: ",")),
        Refusal(.notJSON, "no comma", Fixtures.json(extra: "\"x\":1")),
        Refusal(.notJSON, "NaN", Fixtures.json(extra: ",\"x\":NaN")),
        Refusal(.notJSON, "a plus sign", Fixtures.json(extra: ",\"x\":+1")),
        Refusal(.notJSON, "a bare point", Fixtures.json(extra: ",\"x\":1.")),
        Refusal(.idMismatch, "another content", Fixtures.json(canonicalContent: "\"other\"")),
        Refusal(.idMismatch, "canonical form with blanks", Fixtures.json(tags: "[ ]")),
    ]

    @Test(arguments: refusals) func `is refused with its own reason`(_ refusal: Refusal) {
        #expect(throws: refusal.error) { try Fixtures.parse(refusal.json) }
    }

    @Test func `every reason is met by a test`() {
        let tested = Set(Self.refusals.map(\.error)).union([.missingField, .tooLarge, .tooManyFields, .badSignature])
        #expect(tested == Set(EventError.allCases))
    }

    @Test func `NUL is kept as raw bytes, with U+FFFD in the columns`() throws {
        let json = Fixtures.json(tags: #"[["t","a\u0000b"]]"#, content: #""x\u0000""#, extra: ",\"x\":1")
        let event = try Fixtures.columns(json)
        #expect(event.raw.map { String($0) } == json && event.json == Array(json.utf8))
        #expect(String(event.content) == "x\u{FFFD}" && String(event.tagsJSON) == "[[\"t\",\"a\u{FFFD}b\"]]")
        #expect(event.recomputedID() == event.id)
        #expect(try Fixtures.parse(json).hasNUL)
        #expect(try Fixtures.columns(Fixtures.json()).raw == nil)
    }

    @Test func `NUL in a member that nobody keeps needs no raw bytes`() throws {
        #expect(try Fixtures.columns(Fixtures.json(extra: #","x":"\u0000""#)).raw == nil)
    }

    @Test(arguments: ["0", "1", "9007199254740993", "9223372036854775807"])
    func `every time from 0 to 2^63-1 is kept as it is`(_ createdAt: String) throws {
        #expect(try Fixtures.columns(Fixtures.json(createdAt: createdAt)).createdAt.seconds == Int64(createdAt))
    }

    @Test(arguments: ["0", "41", "22242", "65535"]) func `every kind is read, whatever its class`(_ kind: String) throws
    {
        #expect(try Fixtures.columns(Fixtures.json(kind: kind)).kind == UInt16(kind))
    }

    @Test func `an empty tag is kept and marked`() throws {
        let json = Fixtures.json(tags: #"[[],["t","x"],[]]"#)
        #expect(try Fixtures.parse(json).hasEmptyTag)
        #expect(try Fixtures.columns(json).tags == [[], ["t", "x"], []])
        #expect(try Fixtures.columns(json).tagKeys.count == 1)
        #expect(try !Fixtures.parse(Fixtures.json(tags: #"[[""]]"#)).hasEmptyTag)
    }

    @Test func `e and p values that are no ids are kept, but not indexed`() throws {
        let event = Fixtures.event(tags: [["e", "short"], ["p", Self.upper], ["e", Self.upper.lowercased()]])
        #expect(event.tags.count == 3 && event.tagKeys.count == 1)
    }

    @Test func `long tag values are kept whole and indexed by a bounded key`() throws {
        let event = Fixtures.event(
            tags: [
                ["r", String(repeating: "r", count: 5000)], ["description", String(repeating: "d", count: 100_000)],
            ])
        #expect(event.tagKeys.count == 1)
        #expect(event.tags.map { $0[1].utf8.count } == [5000, 100_000])
        #expect(event.recomputedID() == event.id)
    }

    @Test func `a signature of another event is found out, and two of the same id both verify`() throws {
        let first = Fixtures.event()
        let unsigned = UnsignedEvent(createdAt: first.createdAt, kind: 1, content: "hello")
        let auxiliary = try #require(Bytes32(hex: Self.upper.lowercased()))
        let second = unsigned.sign(with: Fixtures.key(), auxiliary: auxiliary)
        let verifier = SchnorrVerifier()
        #expect(first.id == second.id && first.signature != second.signature)
        #expect(first.hasValidSignature(verifier) && second.hasValidSignature(verifier))
        let other = Fixtures.event(content: "other")
        let forged = String(first.json).replacing(first.signature.hex, with: other.signature.hex)
        #expect(try !Fixtures.parse(forged).hasValidSignature(verifier))
    }

    @Test func `an event near the limit of a frame is read whole`() throws {
        let event = Fixtures.event(content: String(repeating: "ü", count: 2_000_000))
        #expect(try Fixtures.columns(event.json) == event)
    }

    @Test func `texts that look alike are different texts`() throws {
        let composed = Fixtures.event(tags: [["d", "\u{E9}"]], content: "\r\n")
        let decomposed = Fixtures.event(tags: [["d", "e\u{301}"]], content: "\r\n")
        #expect(composed.id != decomposed.id && composed.tagKeys != decomposed.tagKeys)
        let name = try #require(TagName("d"))
        let filter = Filter(tags: [name: ["\u{E9}"]])
        #expect(filter.matches(composed) && !filter.matches(decomposed))
        #expect(filter != Filter(tags: [name: ["e\u{301}"]]))
    }
}
