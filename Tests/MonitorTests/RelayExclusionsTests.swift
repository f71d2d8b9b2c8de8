import Nostr
import Testing

@testable import Monitor

@Suite struct RelayExclusionsTests {
    private static let lines = [
        "example.org", "WSS://One.Example/inbox/", ".dotted.example", "192.0.2.7", "2001:db8::7", "münchen.example",
    ]

    @Test(arguments: [
        ("wss://example.org", true), ("ws://example.org:81/x", true), ("wss://a.b.example.org", true),
        ("wss://notexample.org", false), ("wss://example.org.evil.example", false),
        ("wss://one.example/inbox/", true), ("wss://one.example/inbox", false), ("wss://one.example", false),
        ("ws://one.example/inbox/", false), ("wss://dotted.example", true), ("wss://x.dotted.example", true),
        ("wss://xn--mnchen-3ya.example", true), ("wss://other.example", false),
    ])
    func `a URL is that relay, a name is a host and all below it`(url: String, isExcluded: Bool) throws {
        #expect(try RelayExclusions(Self.lines).contains(RelayURL.parse(url)) == isExcluded)
        #expect(try !RelayExclusions([]).contains(RelayURL.parse(url)))
    }

    @Test(arguments: ["", "http://a.example", "a.example/x", "a.example:81", "user@a.example", "a b", "?", "wss://"])
    func `what is neither is none`(line: String) {
        #expect(RelayExclusions.Entry(line) == nil)
    }

    @Test func `an address is that address alone`() throws {
        let exclusions = RelayExclusions(["127.0.0.1", "0.0.1", "::1"])
        #expect(try exclusions.contains(RelayURL.parse("ws://127.0.0.1:7777/x")))
        #expect(try exclusions.contains(RelayURL.parse("ws://[::1]:7777")))
        #expect(try !exclusions.contains(RelayURL.parse("ws://127.0.0.2")))
    }
}
