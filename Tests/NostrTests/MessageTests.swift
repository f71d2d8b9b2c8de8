import Crypto
import Testing

@testable import Nostr

@Suite struct RelayMessageTests {
    private static func parse(_ text: String) throws(ProtocolError) -> RelayMessage { try parse(Array(text.utf8)) }

    private static func parse(
        _ bytes: [UInt8], limits: MessageLimits = .init()
    ) throws(ProtocolError) -> RelayMessage {
        let memory = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        defer { memory.deallocate() }
        _ = memory.initialize(from: bytes)
        return try RelayMessage.parse(UnsafeBufferPointer(memory), limits: limits)
    }

    private static let id = String(repeating: "a", count: 64)

    static let readings: [(String, RelayMessage)] = [
        (#"["EOSE","s"]"#, .eose(subscription: "s", hint: nil)),
        (#"["EOSE","s",["finish"]]"#, .eose(subscription: "s", hint: .finish)),
        (#" [ "EOSE" , "s" , [ "x" , "more" ] ] "#, .eose(subscription: "s", hint: .more)),
        (#"["EOSE","s",["later"]]"#, .eose(subscription: "s", hint: nil)),
        (#"["EOSE","s",null,{"a":[]}]"#, .eose(subscription: "s", hint: nil)),
        (#"["EOSE","s",[]]"#, .eose(subscription: "s", hint: nil)),
        (
            #"["CLOSED","s","auth-required: who are you"]"#,
            .closed(subscription: "s", prefix: .authRequired, message: "auth-required: who are you")
        ),
        (#"["CLOSED","s","PROTOCOL-ERROR: x"]"#, .closed(subscription: "s", prefix: nil, message: "PROTOCOL-ERROR: x")),
        (#"["CLOSED","s"]"#, .closed(subscription: "s", prefix: nil, message: "")),
        (#"["CLOSED","s",null]"#, .closed(subscription: "s", prefix: nil, message: "")),
        (#"["NOTICE","hé\u00e9\n"]"#, .notice("héé\n")),
        ("[\"OK\",\"\(id)\",true,\"\"]", .ok(EventID(hex: id) ?? .zero, isAccepted: true, message: "")),
        (
            "[\"OK\",\"\(id)\",false,\"blocked: no\"]",
            .ok(EventID(hex: id) ?? .zero, isAccepted: false, message: "blocked: no")
        ),
        ("[\"OK\",\"\(id)\",true]", .ok(EventID(hex: id) ?? .zero, isAccepted: true, message: "")),
        (#"["AUTH","challenge"]"#, .auth(challenge: "challenge")),
        (
            #"["COUNT","s",{"count":238}]"#,
            .count(subscription: "s", count: 238, isApproximate: false, registers: nil)
        ),
        (
            #"["COUNT","s",{"approximate":true,"x":{"y":[1]},"count":9223372036854775807}]"#,
            .count(subscription: "s", count: .max, isApproximate: true, registers: nil)
        ),
        (
            "[\"COUNT\",\"s\",{\"count\":0,\"hll\":\"\(String(repeating: "07", count: 256))\"}]",
            .count(
                subscription: "s", count: 0, isApproximate: false, registers: [UInt8](repeating: 7, count: 256))
        ),
        (
            #"["COUNT","s",{"count":1,"hll":"00"}]"#,
            .count(subscription: "s", count: 1, isApproximate: false, registers: nil)
        ),
        (#"["NEG-MSG","n","61ff00"]"#, .negMessage(subscription: "n", message: [0x61, 0xFF, 0])),
        (#"["NEG-ERR","n","closed: x"]"#, .negError(subscription: "n", reason: "closed: x", maxRecords: nil)),
        (
            #"["NEG-ERR","n","blocked: too many query results",1000000]"#,
            .negError(subscription: "n", reason: "blocked: too many query results", maxRecords: 1_000_000)
        ),
        (
            #"["NEG-ERR","n","blocked: too many query results","500000"]"#,
            .negError(subscription: "n", reason: "blocked: too many query results", maxRecords: 500_000)
        ),
        (
            #"["NEG-ERR","n","PROTOCOL-ERROR",1.5]"#,
            .negError(subscription: "n", reason: "PROTOCOL-ERROR", maxRecords: nil)
        ),
    ]

    @Test(arguments: readings) func `each message is read`(_ text: String, _ message: RelayMessage) throws {
        #expect(try Self.parse(text) == message)
    }

    @Test(arguments: ["[\"EVENT\",\"sub\",{\"id\":1}]", " [\n\"EVENT\" , \"sub\" , {\"id\":1} \r\n] "])
    func `an event is found and left unread`(_ text: String) throws {
        guard case .event(let subscription, let event) = try Self.parse(text) else {
            Issue.record("not an event")
            return
        }
        let bytes = Array(text.utf8)
        #expect(String(Array(bytes[subscription])) == "sub")
        #expect(String(Array(bytes[event])) == "{\"id\":1}")
    }

    @Test(arguments: ["-1", "1.0", "9223372036854775808", "1e3", "null", "\"-1\"", "[]"])
    func `a count that is none is still the answer to its COUNT`(_ count: String) throws {
        #expect(
            try Self.parse("[\"COUNT\",\"s\",{\"count\":\(count)}]")
                == .count(subscription: "s", count: nil, isApproximate: false, registers: nil))
    }

    @Test(
        arguments: [
            (#""limited":true"#, true), (#""limited":1"#, true), (#""approximate":true,"limited":false"#, true),
            (#""limited":false"#, false), (#""approximate":false"#, false), (#""approximate":null"#, false),
        ])
    func `a count is exact unless it says otherwise`(_ member: String, _ isApproximate: Bool) throws {
        #expect(
            try Self.parse("[\"COUNT\",\"s\",{\"count\":7,\(member)}]")
                == .count(subscription: "s", count: 7, isApproximate: isApproximate, registers: nil))
    }

    @Test(arguments: ["abc", "6g", "61FF", " 61"])
    func `a round that is no hex is still a round of its session`(_ text: String) throws {
        #expect(try Self.parse("[\"NEG-MSG\",\"n\",\"\(text)\"]") == .negMessage(subscription: "n", message: nil))
    }

    @Test func `what is glued behind an event is the event parser's to refuse`() throws {
        let text = Array("[\"EVENT\",\"s\",\(Fixtures.json()),\"x\"]".utf8)
        guard case .event(_, let event) = try Self.parse(text) else { return }
        #expect(throws: EventError.trailingBytes) { try Fixtures.parse(Array(text[event])) }
    }

    static let refusals: [(String, ProtocolError)] = [
        ("", .notJSON), ("x", .notJSON), ("{}", .notJSON), ("[", .unknownMessage), ("[]", .unknownMessage),
        ("[1]", .unknownMessage), (#"["HELLO"]"#, .unknownMessage), (#"["eose","s"]"#, .unknownMessage),
        (#"["EOSE"]"#, .badMessage), (#"["EOSE",1]"#, .badMessage), (#"["EOSE","s""#, .notJSON),
        (#"["EOSE","s"] x"#, .trailingBytes), (#"["EOSE","s"]["#, .trailingBytes),
        ("\u{FEFF}[\"EOSE\",\"s\"]", .byteOrderMark), ("[\"NOTICE\",\"a\u{1}\"]", .controlByte),
        (#"["OK","ff",true,""]"#, .badMessage), ("[\"OK\",\"\(id)\"]", .badMessage),
        ("[\"OK\",\"\(id)\",\"true\",\"\"]", .notJSON), ("[\"OK\",\"\(id)\",tru,\"\"]", .notJSON),
        (#"["COUNT","s"]"#, .badMessage), (#"["COUNT","s",1]"#, .badMessage), (#"["COUNT","s",{}]"#, .badMessage),
        (#"["COUNT","s",{"count":1]"#, .notJSON), (#"["NEG-MSG","n"]"#, .badMessage),
        (#"["NEG-MSG","n",1]"#, .badMessage), (#"["NEG-ERR","n"]"#, .badMessage), (#"["NOTICE"]"#, .badMessage),
        (#"["AUTH",{}]"#, .badMessage), (#"["EVENT"]"#, .badMessage), (#"["EVENT","s"]"#, .badMessage),
        (#"["EVENT","s",1]"#, .badMessage), (#"["EVENT","s",{}"#, .notJSON), (#"["EVENT","s",]"#, .badMessage),
        (#"["EVENT",{"id":1}]"#, .badMessage),
        ("[\"EOSE\",\"s\"," + String(repeating: "[", count: 15) + String(repeating: "]", count: 15) + "]", .badMessage),
        ("[\"EOSE\",\"s\",0," + String(repeating: "[", count: 100_000), .tooDeep),
    ]

    @Test(arguments: refusals.filter { !$0.0.hasPrefix("[\"EOSE\",\"s\",[[") })
    func `each defect has its reason`(_ text: String, _ error: ProtocolError) {
        #expect(throws: error) { try Self.parse(text) }
    }

    @Test func `sixteen levels are read, seventeen are not`() throws {
        let frame = { (levels: Int) in
            "[\"EOSE\",\"s\",1," + String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels)
        }
        #expect(try Self.parse(frame(16)) == .eose(subscription: "s", hint: nil))
        #expect(throws: ProtocolError.tooDeep) { try Self.parse(frame(17)) }
    }

    @Test(arguments: [8, 64]) func `levels are counted up to the limit that was given`(depth: Int) throws {
        var limits = MessageLimits()
        limits.depth = depth
        let frame = { (levels: Int) in
            let opening = "[\"EOSE\",\"s\",1," + String(repeating: "[", count: levels - 1)
            return Array((opening + String(repeating: "]", count: levels)).utf8)
        }
        #expect(try Self.parse(frame(depth), limits: limits) == .eose(subscription: "s", hint: nil))
        #expect(throws: ProtocolError.tooDeep) { try Self.parse(frame(depth + 1), limits: limits) }
    }

    @Test(arguments: ["NOTICE\",\"", "CLOSED\",\"s\",\"", "OK\",\"\(id)\",true,\"", "NEG-ERR\",\"s\",\""])
    func `as much of a text is kept as the limit says`(head: String) throws {
        var limits = MessageLimits()
        limits.textBytes = 128
        let frame = Array("[\"\(head)\(String(repeating: "x", count: 600))\"]".utf8)
        let text =
            switch try Self.parse(frame, limits: limits) {
            case .notice(let text), .closed(_, _, let text), .ok(_, _, let text), .negError(_, let text, _): text
            default: ""
            }
        #expect(text.utf8.count == 128)
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: ProtocolError.badUTF8) { try Self.parse(Array("[\"NOTICE\",\"".utf8) + [0xFF, 0x22, 0x5D]) }
    }

    @Test func `long texts are cut at the end of a character`() throws {
        let text = "blocked: " + String(repeating: "é", count: 400) + "😀"
        guard case .closed(_, let prefix, let message) = try Self.parse("[\"CLOSED\",\"s\",\"\(text)\"]") else {
            return
        }
        #expect(prefix == .blocked)
        #expect(message.utf8.count == 511 && text.hasPrefix(message) && !message.contains("\u{FFFD}"))
        let faces = String(repeating: "😀", count: 200)
        guard case .notice(let notice) = try Self.parse("[\"NOTICE\",\"\(faces)\"]") else {
            return
        }
        #expect(notice.utf8.count == 512)
    }

    @Test func `every cut of a frame is refused`() {
        for (text, _) in Self.readings {
            let bytes = Array(text.utf8.reversed().drop { $0 != UInt8(ascii: "]") }.reversed())
            for size in 0..<bytes.count {
                #expect(throws: ProtocolError.self) { try Self.parse(Array(bytes.prefix(size))) }
            }
        }
    }

    @Test(
        arguments: [
            ("rate-limited: slow down", ReasonPrefix.rateLimited), ("error:", .error), ("mute: x", .mute), ("pow", nil),
            ("unsupported: filter", .unsupported), ("Blocked: x", nil), (": x", nil), ("blocked : x", nil), ("", nil),
            ("bad req: x", nil), ("blocked，: x", nil), ("duplicate:x:y", .duplicate),
        ] as [(String, ReasonPrefix?)])
    func `prefixes are small letters and hyphens before a colon`(_ message: String, _ prefix: ReasonPrefix?) {
        #expect(ReasonPrefix(message: message) == prefix)
    }
}

@Suite struct ClientMessageTests {
    @Test func `each message is written as NIP-01, 42, 45 and 77 say`() {
        let event = Fixtures.event()
        let json = String(event.json)
        let filter = Filter(kinds: [1], limit: 500)
        let expected: [(ClientMessage, String)] = [
            (.req("s", [filter, Filter()]), #"["REQ","s",{"kinds":[1],"limit":500},{}]"#),
            (.req("a\"b\n", [filter]), #"["REQ","a\"b\n",{"kinds":[1],"limit":500}]"#),
            (.close("s"), #"["CLOSE","s"]"#),
            (.event(event), "[\"EVENT\",\(json)]"),
            (.auth(event), "[\"AUTH\",\(json)]"),
            (.count("s", [filter]), #"["COUNT","s",{"kinds":[1],"limit":500}]"#),
            (.negOpen("n", filter, [0x61, 0, 0, 2]), #"["NEG-OPEN","n",{"kinds":[1],"limit":500},"61000002"]"#),
            (.negMessage("n", []), #"["NEG-MSG","n",""]"#),
            (.negClose("n"), #"["NEG-CLOSE","n"]"#),
        ]
        for (message, text) in expected { #expect(String(message.encode()) == text) }
    }
}
