import Support
import Testing

@testable import Net

@Suite struct HTTPURLTests {
    @Test(arguments: [
        ("http://A.Test", "", "a.test", 80, false), ("https://a.test/x?y#z", "", "a.test", 443, true),
        ("http://a.test:8080/", "http://a.test:8080/", "a.test", 8_080, false),
        ("http://[2001:DB8::1]:81/", "", "2001:db8::1", 81, false),
        ("http://0x7f.1/", "", "127.0.0.1", 80, false), ("http://2130706433/", "", "127.0.0.1", 80, false),
        ("HTTPS://a.test./", "", "a.test.", 443, true),
    ])
    func `a URL is taken apart`(text: String, whole: String, host: String, port: Int, isSecure: Bool) throws {
        let url = try HTTPURL(text)
        #expect(url.host == host && url.port == port && url.isSecure == isSecure)
        if !whole.isEmpty { #expect(url.text == whole) }
        #expect(!url.text.contains("#"))
    }

    @Test(arguments: [
        ("/y", "http://a.test:81/y"), ("y", "http://a.test:81/d/y"), ("../y?z", "http://a.test:81/y?z"),
        ("//b.test/", "http://b.test/"), ("https://b.test", "https://b.test/"), ("?q", "http://a.test:81/d/x?q"),
    ])
    func `a redirect is taken relative to where it came from`(location: String, expected: String) throws {
        #expect(try HTTPURL("http://a.test:81/d/x").following(location).text == expected)
    }

    @Test(arguments: [
        "ftp://a.test/", "file:///etc/passwd", "//u:p@a.test/", "http://a.test:0/", "http:///", "\\\\a.test\\",
        "http://a.test:65536/", "http://[::1%25eth0]/", String(repeating: "x", count: 5_000),
    ])
    func `a redirect that leads nowhere is refused`(location: String) throws {
        let url = try HTTPURL("https://a.test/d/x")
        do throws(FetchError) {
            let target = try url.following(location)
            // What is no URL of its own is a path of the same host.
            #expect(target.host == "a.test" && target.isSecure)
        } catch { #expect(error.kind == .badRedirect) }
    }

    @Test func `overlay hosts are told by their last label`() throws {
        for (text, isOverlay) in [
            ("http://a.onion/", true), ("http://a.onion./", true), ("http://A.I2P/", true), ("http://a.loki:1/", true),
            ("http://a.onion.test/", false), ("http://onion/", false), ("http://127.0.0.1/", false),
        ] { #expect(try HTTPURL(text).isOverlay == isOverlay, "\(text)") }
    }

    @Test func `no text traps, and what is accepted is accepted again as it stands`() {
        var random = SplitMix64(seed: 53)
        let alphabet = Array("htps:/@[]%.?#a0-1 \\u{e4}\u{0}".utf8)
        for _ in 0..<5_000 {
            let bytes = (0..<Int.random(in: 0...30, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            let text = "http://" + String(decoding: bytes, as: UTF8.self)
            do throws(FetchError) {
                let url = try HTTPURL(text)
                let again = try HTTPURL(url.text)
                #expect(again.host == url.host && again.port == url.port, "\(text)")
            } catch { #expect(error.kind == .badURL) }
        }
    }
}
