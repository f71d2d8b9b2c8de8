import Crypto
import Testing

@testable import Nostr

@Suite struct NIP05NameTests {
    private static let names: [(String, String?)] = [
        ("bob@example.com", "https://example.com/.well-known/nostr.json?name=bob"),
        ("_@Example.com", "https://example.com/.well-known/nostr.json?name=_"),
        ("Bob.X-1@bücher.example", "https://xn--bcher-kva.example/.well-known/nostr.json?name=bob.x-1"),
        ("a@example.com:8443", "https://example.com:8443/.well-known/nostr.json?name=a"),
        (
            "a@2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion",
            "http://2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion/.well-known/nostr.json?name=a"
        ),
        ("example.com", nil), ("@example.com", nil), ("a@", nil), ("a b@example.com", nil), ("a&x=1@example.com", nil),
        ("a@example.com/x", nil), ("a@example.com?x=1", nil), ("a@exa mple.com", nil), ("", nil),
        ("é@example.com", nil),
        (String(repeating: "a", count: 65) + "@example.com", nil),
        ("a@" + String(repeating: "a.", count: 200) + "com", nil),
    ]

    @Test(arguments: names) func `a name says where its document is`(_ text: String, _ url: String?) {
        #expect(NIP05Name(text)?.documentURL == url)
    }

    private static let profiles: [(String, String?)] = [
        (#"{"name":"x","nip05":"bob@example.com"}"#, "bob"), (#"{"nip05":""}"#, nil), (#"{"nip05":7}"#, nil),
        (#"{"nip05":null}"#, nil), ("{}", nil), ("", nil), ("[]", nil), (#"{"nip05":"bob@example.com""#, nil),
        (#"{"a":{"nip05":"bob@example.com"}}"#, nil),
    ]

    @Test(arguments: profiles) func `a profile holds a name`(_ json: String, _ local: String?) {
        #expect(NIP05Name(profile: Array(json.utf8))?.local == local)
    }

    private static let author = String(repeating: "0123456789abcdef", count: 4)

    private static let documents: [(String, NIP05Name.Answer)] = [
        (
            #"{"names":{"bob.x":"KEY"},"relays":{"KEY":["wss://a.example","wss://b.example"]}}"#,
            .relays(["wss://a.example", "wss://b.example"])
        ),
        (#"{"names":{"bob.x":"KEY"}}"#, .relays([])), (#"{"names":{"bob.x":"KEY"},"relays":{"KEY":"x"}}"#, .relays([])),
        (#"{"names":{"bob.x":"KEY"},"relays":{"other":["wss://a.example"]}}"#, .relays([])),
        (
            #"{"names":{"bob.x":"KEY"},"relays":{"KEY":[7,"wss://a.example",["wss://b.example"]]}}"#,
            .relays(["wss://a.example"])
        ),
        (#"{"names":{"bob.x":"other"},"relays":{"KEY":["wss://a.example"]}}"#, .otherAuthor),
        (#"{"names":{"bob":"KEY"},"relays":{"KEY":["wss://a.example"]}}"#, .otherAuthor), ("{}", .otherAuthor),
        ("[]", .otherAuthor), ("<html></html>", .malformed), ("", .malformed),
        (#"{"names":{"bob.x":"KEY"}"#, .malformed),
    ]

    @Test(arguments: documents) func `a document answers for its author alone`(
        _ json: String, _ answer: NIP05Name.Answer
    ) throws {
        let name = try #require(NIP05Name("bob.x@example.com"))
        let key = try #require(Bytes32(hex: Self.author))
        let document = Array(
            json.split(separator: "KEY", omittingEmptySubsequences: false).joined(separator: Self.author).utf8)
        #expect(name.read(document, author: key) == answer)
    }

    @Test func `a document has no more levels than were allowed`() throws {
        let name = try #require(NIP05Name("bob.x@example.com"))
        let key = try #require(Bytes32(hex: Self.author))
        let document = Array("{\"names\":{\"bob.x\":\"\(Self.author)\"},\"x\":[[[[[[[[]]]]]]]]}".utf8)
        #expect(name.read(document, author: key, depth: 9) == .relays([]))
        #expect(name.read(document, author: key, depth: 8) == .malformed)
    }
}
