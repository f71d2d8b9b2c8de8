import Foundation
import Testing

@testable import Nostr

@Suite struct NIP11DocumentTests {
    private func read(_ json: String) throws -> NIP11Document { try NIP11Document(Array(json.utf8)) }

    private func columns(_ json: String) throws -> [String: Any] {
        let text = Data(try read(json).columns.encode())
        return try #require(try JSONSerialization.jsonObject(with: text) as? [String: Any])
    }

    private static let key = String(repeating: "0a", count: 32)

    @Test func `a good document is taken whole and has no defect`() throws {
        let document = try read(
            """
            {"name":"n","description":"d\\n\\u00e9","banner":"b","icon":"i","pubkey":"\(Self.key)",
             "self":"\(Self.key)","contact":"c","supported_nips":[1,11,42],"software":"s","version":"v",
             "privacy_policy":"p","terms_of_service":"t","posting_policy":"o","payments_url":"u",
             "relay_countries":["*"],"language_tags":["en"],"tags":[],
             "limitation":{"max_limit":500,"auth_required":false},
             "fees":{"admission":[{"amount":1000,"unit":"msats"}]},"retention":[{"kinds":[0,[5,7]],"time":3600}]}
            """)
        #expect(document.defects == [])
        #expect(document.texts.count == NIP11Document.Text.allCases.count)
        #expect(document.texts[.description] == "d\n\u{e9}")
        #expect(document.supportedNIPs == [1, 11, 42])
        #expect(document.lists == [.relayCountries: ["*"], .languageTags: ["en"], .tags: []])
        #expect(document.limitation?["max_limit"] == .integer(500))
        #expect(document.fees?["admission"] != nil && document.retention != nil && document.extras.isEmpty)
    }

    @Test func `the columns are JSON that another reader takes, defects among them`() throws {
        let columns = try columns(
            #"{"name":"\"q\"\\ \u0007","supported_nips":[1,1.0,2],"limitation":{"max_limit":"7","x":[1]},"#
                + #""id":5,"e":"\/"}"#)
        #expect(columns["name"] as? String == "\"q\"\\ \u{7}")
        #expect(columns["supported_nips"] as? [Int] == [1, 2])
        #expect((columns["limitation"] as? [String: Any])?["max_limit"] as? Int == 7)
        #expect((columns["extra_fields"] as? [String: Any])?["id"] as? Int == 5)
        #expect((columns["extra_fields"] as? [String: Any])?["e"] as? String == "/")
        #expect(
            columns["defects"] as? [String]
                == ["supported_nips:element_not_an_integer", "limitation.max_limit:not_an_integer"])
        #expect(try self.columns("{}").keys.sorted() == ["defects"])
    }

    /// One odd member beside a good one: the defect is named, the rest is taken.
    @Test(arguments: [
        (#""pubkey":"npub1xyz""#, ["pubkey:npub"]),
        (#""pubkey":"abc""#, ["pubkey:not_64_digits"]),
        (#""pubkey":"""#, ["pubkey:empty"]),
        (#""pubkey":"xyz""#, ["pubkey:not_hex"]),
        (#""self":"\#(String(repeating: "0A", count: 32))""#, ["self:uppercase_hex"]),
        (#""description":7"#, ["description:not_a_string"]),
        (#""description":["a"]"#, ["description:not_a_string"]),
        (#""description":null"#, []),
        (#""description":"a\u0000b""#, ["description:nul"]),
        (#""description":"a\ud83db""#, ["description:lone_surrogate"]),
        (#""description":"a\ud83d\ude00b""#, []),
        (#""supported_nips":5"#, ["supported_nips:not_a_list"]),
        (#""supported_nips":"1""#, ["supported_nips:not_a_list", "supported_nips:element_is_a_string"]),
        (#""supported_nips":{"1":true}"#, ["supported_nips:not_a_list"]),
        (#""supported_nips":["7D"]"#, ["supported_nips:element_not_a_number"]),
        (#""supported_nips":[1.5]"#, ["supported_nips:element_not_an_integer"]),
        (#""supported_nips":[null,[1],true]"#, ["supported_nips:element_not_an_integer"]),
        (
            #""supported_nips":[-1,65536,1e300]"#,
            ["supported_nips:element_out_of_range", "supported_nips:element_not_an_integer"]
        ),
        (
            #""supported_nips":[1e999]"#,
            ["supported_nips:number_out_of_range", "supported_nips:element_not_an_integer"]
        ),
        (#""relay_countries":"DE""#, ["relay_countries:not_a_list"]),
        (#""tags":["a",1]"#, ["tags:element_not_a_string"]),
        (#""limitation":[]"#, ["limitation:not_an_object"]),
        (#""limitation":{"max_limit":1.5}"#, ["limitation.max_limit:not_an_integer"]),
        (#""limitation":{"auth_required":"yes"}"#, ["limitation.auth_required:not_a_boolean"]),
        (#""limitation":{"auth_required":1}"#, ["limitation.auth_required:not_a_boolean"]),
        (#""limitation":{"created_at_lower_limit":null}"#, []),
        (#""fees":[]"#, ["fees:not_an_object"]),
        (#""fees":{"admission":{}}"#, ["fees.admission:not_a_list"]),
        (#""fees":{"admission":[{"unit":"msats"}]}"#, ["fees.admission:without_amount"]),
        (#""retention":{}"#, ["retention:not_a_list"]),
        (#""retention":[1]"#, ["retention:element_not_an_object"]),
        (#""contact":"a","contact":"b""#, ["contact:duplicate_key"]),
        (#""x":1,"x":2"#, ["document:duplicate_key"]),
    ])
    func `an odd member is a defect and takes nothing else with it`(member: String, defects: [String]) throws {
        let document = try read("{\"name\":\"good\",\(member),\"version\":\"1\"}")
        #expect(document.defects == defects)
        #expect(document.texts[.name] == "good" && document.texts[.version] == "1")
    }

    @Test func `what is wrong but can be understood is understood`() throws {
        let document = try read(
            #"{"name":7,"supported_nips":["11",9,"NIP-01",11.0],"limitation":{"max_limit":"50","auth_required":"true","#
                + #""payment_required":0,"max_filters":1e1,"min_pow_difficulty":{}},"tags":"one"}"#)
        #expect(document.texts[.name] == "7")
        #expect(document.supportedNIPs == [11, 9])
        #expect(document.limitation?["max_limit"] == .integer(50))
        #expect(document.limitation?["max_filters"] == .integer(10))
        #expect(document.limitation?["auth_required"] == .bool(true))
        #expect(document.limitation?["payment_required"] == .bool(false))
        #expect(document.limitation?["min_pow_difficulty"] == nil)
        #expect(document.lists[.tags] == ["one"])
    }

    @Test func `of a name that stands twice the last value counts`() throws {
        let document = try read(#"{"name":"a","x":1,"supported_nips":[1],"name":"b","x":2,"supported_nips":[2]}"#)
        #expect(document.texts[.name] == "b" && document.supportedNIPs == [2])
        #expect(document.extras == [JSONValue.Member("x", .integer(2))])
    }

    @Test func `names are compared byte by byte`() throws {
        let document = try read(#"{"e\u0301":1,"\u00e9":2}"#)
        #expect(document.extras.count == 2 && document.defects == [])
    }

    /// A broken object is kept with its bytes; nothing of it is believed.
    @Test(arguments: [
        (#"{"name":"a""#, "not_json"), (#"{"name":"a",}"#, "not_json"), ("{name:1}", "not_json"),
        ("{\"name\":\"a\u{1}b\"}", "control_byte"), (#"{"name":01}"#, "not_json"), ("{", "not_json"),
        ("{\"name\":\"x\",\"a\":" + String(repeating: "[", count: 100_000), "too_deep"),
        (#"{"name":"a\x"}"#, "not_json"),
    ])
    func `a broken object is a document without values`(json: String, defect: String) throws {
        let document = try read(json)
        #expect(document.defects == ["document:\(defect)"])
        #expect(document.texts.isEmpty && document.raw == Array(json.utf8))
    }

    @Test func `bytes that are not UTF-8 are told`() throws {
        let document = try NIP11Document(Array(#"{"name":""#.utf8) + [0xED, 0xA0, 0xBD] + Array(#""}"#.utf8))
        #expect(document.defects == ["document:bad_utf8"])
    }

    @Test func `a byte order mark and what follows the object are told, and the object is read`() throws {
        let document = try NIP11Document([0xEF, 0xBB, 0xBF] + Array(#" {"name":"a"} x"#.utf8))
        #expect(document.texts[.name] == "a")
        #expect(document.defects == ["document:byte_order_mark", "document:trailing_bytes"])
    }

    @Test(arguments: [
        ("", NIP11Error.empty), (" \n", .empty), ("<!doctype html><p>{}</p>", .notAnObject), ("[]", .notAnObject),
        ("\"x\"", .notAnObject), ("null", .notAnObject), ("Please use a Nostr client to connect.", .notAnObject),
    ])
    func `what is no object is no document`(body: String, error: NIP11Error) {
        #expect(throws: error) { try read(body) }
    }

    @Test func `what is too large is not read`() throws {
        let most = NIP11Document.maxBytes
        let whole = #"{"name":""# + String(repeating: "x", count: most - 11) + #""}"#
        #expect(try read(whole).texts[.name]?.utf8.count == most - 11)
        #expect(throws: NIP11Error.tooLarge) { try read(whole + " ") }
    }

    @Test func `size and levels are those that were given`() throws {
        var limits = NIP11Document.Limits()
        (limits.bytes, limits.depth) = (64, 8)
        let nested = { (levels: Int) in
            let (open, close) = (String(repeating: "[", count: levels - 1), String(repeating: "]", count: levels - 1))
            return Array("{\"a\":\(open)\(close)}".utf8)
        }
        #expect(try NIP11Document(nested(8), limits: limits).defects.isEmpty)
        #expect(try NIP11Document(nested(9), limits: limits).defects == ["document:too_deep"])
        #expect(try NIP11Document(nested(9)).defects.isEmpty)
        limits.depth = 64
        #expect(throws: NIP11Error.tooLarge) { try NIP11Document(nested(64), limits: limits) }
        limits.bytes = 256
        #expect(try NIP11Document(nested(64), limits: limits).defects.isEmpty)
    }

    /// As much of one thing as fits into the largest body: each ends soon, and what is kept has a bound.
    @Test(arguments: [
        (#"{"supported_nips":["#, "1,", "1]}"), (#"{"supported_nips":["#, #"{"a":[]},"#, "1]}"),
        ("{", #""a":1,"#, #""b":2}"#),
        ("{\"tags\":[", "\"\",", "\"\"]}"), (#"{"limitation":{"#, #""max_limit":"x","#, #""b":2}}"#),
    ])
    func `a document of nothing but one thing is bounded`(head: String, part: String, tail: String) throws {
        let count = (NIP11Document.maxBytes - head.utf8.count - tail.utf8.count) / part.utf8.count
        let document = try read(head + String(repeating: part, count: count) + tail)
        #expect((document.supportedNIPs?.count ?? 0) <= NIP11Document.maxElements)
        #expect((document.lists[.tags]?.count ?? 0) <= NIP11Document.maxElements)
        #expect(document.extras.count <= NIP11Document.maxExtras)
        #expect(document.defects.count <= NIP11Document.maxDefects)
    }

    @Test func `distinct members are kept up to a bound`() throws {
        let members = (0..<20_000).map { "\"k\($0)\":\($0 % 10)" }
        let document = try read("{" + members.joined(separator: ",") + #","name":"last"}"#)
        #expect(document.extras.count == NIP11Document.maxExtras)
        #expect(document.texts[.name] == "last" && document.defects == ["document:too_many_members"])
    }

    @Test func `numbers that PostgreSQL could not hold are null`() throws {
        let document = try read(
            #"{"a":1e999999,"b":-0.0,"c":1e-99999,"d":[123456789012345678901234567890123456789012345],"e":1.5e3}"#)
        let text = String(decoding: JSONValue.object(document.extras).encode(), as: UTF8.self)
        #expect(text == #"{"a":null,"b":-0.0,"c":0.0,"d":[1.2345678901234567e+44],"e":1500.0}"#)
        #expect(document.defects == ["document:number_out_of_range"])
    }

    @Test func `cut anywhere, a document is read or refused`() throws {
        let whole = Array(
            (#"{"name":"é\ud83d\ude00","supported_nips":[1,"2",3.5e0],"limitation":{"a":[{}],"max_limit":-1},"#
                + #""x":[true,null]}"#).utf8)
        for end in whole.indices {
            let body = Array(whole[..<end])
            do {
                let document = try NIP11Document(body)
                #expect(document.defects.count == 1 && document.raw == body)
            } catch { #expect(error == .empty) }
        }
    }
}
