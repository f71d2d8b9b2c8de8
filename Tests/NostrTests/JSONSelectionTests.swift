import Support
import Testing

@testable import Nostr

@Suite struct JSONSelectionTests {
    private func select(_ path: String, _ json: String, most: Int = 100) throws -> JSONSelection {
        try JSONSelection(try #require(JSONPath(path)), in: Array(json.utf8), mostStrings: most, mostBytes: 20)
    }

    private func failure(_ path: String, _ json: String) throws -> JSONSelection.Failure? {
        do {
            _ = try select(path, json)
            return nil
        } catch { return error as? JSONSelection.Failure }
    }

    @Test(arguments: [
        ("[]", #"["a", "b"]"#, ["a", "b"]), ("[]", " [ ] ", []), ("", #""a""#, ["a"]),
        ("[].url", #"[{"x":[{}],"url":"a"},{"url":"b","y":1}]"#, ["a", "b"]),
        ("data.relays[].url", #"{"n":{"relays":[]},"data":{"relays":[{"url":"a"},{"url":"b"}]}}"#, ["a", "b"]),
        ("{}", #"{"a":{"read":true},"b":null}"#, ["a", "b"]), ("{}", "{}", []),
        ("relays{}", #"{"relays":{"a":1}}"#, ["a"]),
        ("[][]", #"[["a"],["b","c"]]"#, ["a", "b", "c"]), ("[]", #"["\u0061\n\ud83d\ude00"]"#, ["a\n\u{1F600}"]),
        ("u", #"{"\u0075":"a"}"#, ["a"]), ("[]", "\u{FEFF}[\"a\"]", ["a"]),
    ])
    func `a path leads to its strings`(path: String, json: String, strings: [String]) throws {
        let selection = try select(path, json)
        #expect(selection.strings == strings)
        #expect(selection.skipped == 0)
    }

    @Test func `values that are no string, too long or too many are counted`() throws {
        let long = String(repeating: "x", count: 21)
        #expect(try select("[]", #"["a",1,null,{"a":[]},["b"],"\#(long)","c"]"#).strings == ["a", "c"])
        #expect(try select("[]", #"["a",1,null,{"a":[]},["b"],"\#(long)","c"]"#).skipped == 5)
        #expect(try select("[].url", #"["a",{"url":"b"}]"#).skipped == 1)
        let few = try select("[]", #"["a","b","c"]"#, most: 2)
        #expect(few.strings == ["a", "b"])
        #expect(few.skipped == 1)
    }

    @Test(arguments: [
        ("[]", "", JSONSelection.Failure.notJSON), ("[]", "<!DOCTYPE html><html></html>", .notJSON),
        ("[]", #"["a""#, .notJSON), ("[]", #"["a"] x"#, .notJSON), ("[]", #"["a",]"#, .notJSON),
        ("[]", #"[a]"#, .notJSON), ("[]", "[\"\u{1}\"]", .notJSON), ("{}", #"{"a"}"#, .notJSON),
        ("[]", #"{"relays":["a"]}"#, .unexpectedShape), ("relays[]", #"["a"]"#, .unexpectedShape),
        ("relays[]", #"{"other":["a"]}"#, .unexpectedShape), ("{}", "[]", .unexpectedShape),
        ("[]", String(repeating: "[", count: 100_000), .tooDeep),
        ("[]", "[" + String(repeating: "{\"a\":", count: 100_000), .tooDeep),
        ("[][][][][][][][][][][][][][][][]", String(repeating: "[", count: 17), .tooDeep),
    ])
    func `what is no list is told from what is another one`(
        path: String, json: String, expected: JSONSelection.Failure
    ) throws {
        #expect(try failure(path, json) == expected)
    }

    @Test(arguments: [8, 64]) func `levels are counted up to the limit that was given`(depth: Int) throws {
        let path = try #require(JSONPath("a"))
        let text = { (levels: Int) in
            let (open, close) = (String(repeating: "[", count: levels - 1), String(repeating: "]", count: levels - 1))
            return Array("{\"a\":\"x\",\"b\":\(open)\(close)}".utf8)
        }
        #expect(try JSONSelection(path, in: text(depth), depth: depth).strings == ["x"])
        #expect(throws: JSONSelection.Failure.tooDeep) { try JSONSelection(path, in: text(depth + 1), depth: depth) }
    }

    @Test(arguments: [
        ".", "a.", ".a", "a..b", "[", "[]a", "{}.a", "a b", "$", "{}{}", String(repeating: "[]", count: 17),
    ])
    func `a text that is no path is none`(path: String) {
        #expect(JSONPath(path) == nil)
    }

    @Test func `no mutilated text crashes or hangs`() throws {
        let sample = Array(
            #"{"data":[{"url":"wss://a.test\n\ud83d\ude00","n":-1.5e3,"x":[true,null]},{"url":"b"}]}"#.utf8)
        let path = try #require(JSONPath("data[].url"))
        var random = SplitMix64(seed: 43)
        var whole = 0
        for _ in 0..<20_000 {
            var text = sample
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<text.count, using: &random)
                text[place] = UInt8.random(in: 0 ... .max, using: &random)
            }
            text = Array(text.prefix(Int.random(in: 0...text.count + 20, using: &random)))
            do throws(JSONSelection.Failure) { whole += try JSONSelection(path, in: text).strings.count } catch {}
        }
        #expect(whole > 0)
    }
}
