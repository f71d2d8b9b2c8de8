import Telemetry
import Testing

@Suite struct RedactionTests {
    private let dots = Redaction.dots

    @Test(arguments: [
        ("wss://relay.example/path", "wss://relay.example/path"),
        ("mail a@b.example and c", "mail a@b.example and c"),
        ("wss://relay.example/@user", "wss://relay.example/@user"),
        ("", ""), ("://", "://"), ("x://@h", "x://@h"), ("password=", "password="), ("nsec1short", "nsec1short"),
    ])
    func `texts without secrets stay as they are`(text: String, same: String) {
        #expect(Redaction.text(text) == same)
    }

    @Test(arguments: [
        ("socks5://u:p@h:1", "socks5://#@h:1"), ("a postgres://u:p@q@h/x b", "a postgres://#@h/x b"),
        ("x://a@h y://b:c@h", "x://#@h y://#@h"), ("password=abc port=1", "password=# port=1"),
        ("PASSWORD='a b' x", "PASSWORD=# x"), ("u?token=abc&x=1", "u?token=#&x=1"), ("Secret=a", "Secret=#"),
        ("key nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5!", "key nsec1#!"),
        ("password='open", "password=#"),
    ])
    func `secrets become dots`(text: String, expected: String) {
        #expect(
            Redaction.text(text)
                == expected.split(separator: "#", omittingEmptySubsequences: false)
                .joined(separator: dots))
    }

    @Test func `what is hidden stays as it is`() {
        let once = Redaction.text("socks5://u:p@h:1 password=x")
        #expect(Redaction.text(once) == once)
    }
}
