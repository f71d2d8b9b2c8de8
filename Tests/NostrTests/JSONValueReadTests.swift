import Testing

@testable import Nostr

@Suite struct JSONValueReadTests {
    @Test(arguments: [
        ("[[\"d\",\"x\"]]", JSONValue.array([.array(["d", "x"])])), (" {\"a\": true} ", .object([.init("a", true)])),
        ("\"x\"", "x"), ("7", .integer(7)),
    ])
    func `a whole text is a value`(text: String, value: JSONValue) {
        #expect(JSONValue(json: Array(text.utf8)) == value)
    }

    @Test(arguments: ["", " ", "[", "1 2", "[1,]", "nul", "\u{1}"])
    func `anything else is none`(text: String) {
        #expect(JSONValue(json: Array(text.utf8)) == nil)
    }

    @Test func `nesting has a bound`() {
        #expect(JSONValue(json: Array("[[1]]".utf8), depth: 2) != nil)
        #expect(JSONValue(json: Array("[[1]]".utf8), depth: 1) == nil)
    }

    @Test func `texts and elements are what they are`() {
        #expect(JSONValue.string("x").text == "x" && JSONValue.null.text == nil)
        #expect(JSONValue.array([.null]).elements == [.null] && JSONValue.string("x").elements.isEmpty)
    }
}
