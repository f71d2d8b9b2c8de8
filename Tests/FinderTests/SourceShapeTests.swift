import Nostr
import Testing

@testable import Finder

@Suite struct SourceShapeTests {
    private func read(_ shape: SourceShape, _ body: String, path: String? = nil) -> Result<
        SourceList, JSONSelection.Failure
    > {
        do throws(JSONSelection.Failure) {
            return .success(try shape.read(Array(body.utf8), path: path, depth: 16))
        } catch { return .failure(error) }
    }

    @Test(arguments: [
        (SourceShape.strings, nil, #"["wss://a.test","b"]"#),
        (.objects, "[].url", #"[{"url":"wss://a.test"},{"url":"b"}]"#),
        (.objects, "{}", #"{"wss://a.test":{"read":true},"b":{}}"#),
        (.nostrWatchV2, nil, #"["wss://a.test","b"]"#),
        (.text, nil, "# relays\r\n\r\n  wss://a.test \r\n\tb\n#c\n"),
    ])
    func `each shape gives its URLs as they are spelt`(shape: SourceShape, path: String?, body: String) {
        #expect(read(shape, body, path: path) == .success(SourceList(urls: ["wss://a.test", "b"])))
    }

    @Test(arguments: [
        #"{"relays":["wss://a.test","b"],"total":2,"limit":50,"offset":0}"#, #"{"data":["wss://a.test","b"]}"#,
        "\n" + #"{"data":{"n":1,"relays":["wss://a.test","b"]}}"#,
    ])
    func `a list within an object is one of several`(body: String) {
        let expected = SourceList(urls: ["wss://a.test", "b"], isPage: true)
        #expect(read(.nostrWatchV2, body) == .success(expected))
    }

    @Test(arguments: SourceShape.allCases)
    func `a page for people is no list`(shape: SourceShape) {
        let page = "\n <!DOCTYPE html>\n<html><body>wss://a.test\nwss://b.test</body></html>\n"
        let expected: JSONSelection.Failure = shape == .text ? .unexpectedShape : .notJSON
        #expect(read(shape, page, path: shape == .objects ? "[].url" : nil) == .failure(expected))
    }

    @Test func `objects where strings were expected are another shape`() {
        #expect(read(.strings, #"[{"url":"a"}]"#) == .failure(.unexpectedShape))
        #expect(read(.strings, #"{"error":"gone"}"#) == .failure(.unexpectedShape))
        #expect(read(.nostrWatchV2, #"{"error":"gone"}"#) == .failure(.unexpectedShape))
        #expect(read(.strings, "[]") == .success(SourceList()))
    }

    @Test func `lines that are no text or too long are counted`() throws {
        let body = Array("a\n".utf8) + [0xFF, 0x0A] + [UInt8](repeating: 0x61, count: 2_049) + Array("\nb".utf8)
        #expect(try SourceShape.text.read(body, path: nil, depth: 16) == SourceList(urls: ["a", "b"], skipped: 2))
    }

    @Test func `a path belongs to objects alone`() {
        #expect(SourceShape.objects.accepts(path: "[].url"))
        #expect(!SourceShape.objects.accepts(path: nil))
        #expect(!SourceShape.objects.accepts(path: "$.url"))
        #expect(SourceShape.strings.accepts(path: nil))
        #expect(!SourceShape.text.accepts(path: "[]"))
    }
}
