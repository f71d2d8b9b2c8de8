import Support
import Testing

@testable import Net

@Suite struct HTTPHeadTests {
    private func head(_ lines: [String], limit: Int = 1_000) -> (HTTPHead, HTTPHead.Step) {
        var head = HTTPHead(limitBytes: limit)
        var step = HTTPHead.Step.more
        for line in lines where step == .more { step = head.feed(Array((line + "\r\n").utf8)) }
        return (head, step)
    }

    @Test func `fields are found in any case and without the blanks around them`() {
        let (head, step) = head([
            "HTTP/1.1 200 OK", "ETAG:\t W/\"a b\" ", "last-modified: x", "Retry-After:7", "X-Other: y", "no field", "",
        ])
        #expect(step == .more && head.status == 200 && head.wantsBody)
        #expect(head.headers.etag == "W/\"a b\"")
        #expect(head.headers.lastModified == "x")
        #expect(head.headers.retryAfter == .seconds(7))
        #expect(head.headers.contentType == nil && head.location == nil)
    }

    @Test(arguments: [
        ("HTTP/1.1 304 Not Modified", 304, HTTPHead.Step.enough), ("HTTP/2 200 ", 200, .more),
        ("HTTP/2 404", 404, .enough), ("HTTP/1.1  204  x", 204, .more), ("HTTP/1.1 100 Continue", 100, .more),
        ("HTTP/1.1", 0, .more), ("HTTP/1.1 abc", 0, .more), ("HTTP/1.1 99999999999999999999", 0, .more),
        ("HTTP/1.1 -200", -200, .enough),
    ])
    func `a status line decides whether a body is wanted`(line: String, status: Int, step: HTTPHead.Step) {
        let found = head([line, ""])
        #expect(found.0.status == status)
        #expect(found.1 == step)
    }

    @Test func `what an interim answer says is over with the final one, what it weighs is not`() {
        let interim = ["HTTP/1.1 103 Early", "ETag: \"early\"", ""]
        #expect(head(interim + ["HTTP/1.1 200 OK", ""]).0.headers.etag == nil)
        #expect(head(Array(repeating: interim, count: 30).flatMap(\.self), limit: 500).1 == .tooLarge)
    }

    @Test func `a head is whole at its limit and too large one byte above`() {
        let lines = ["HTTP/1.1 200 OK", "A: b"]
        #expect(head(lines, limit: 23).1 == .more)
        #expect(head(lines, limit: 22).1 == .tooLarge)
    }

    @Test func `only redirects lead elsewhere`() {
        for status in [200, 300, 304, 305, 306, 404] {
            #expect(head(["HTTP/1.1 \(status) x", "Location: /y"]).0.location == nil)
        }
        for status in [301, 302, 303, 307, 308] {
            #expect(head(["HTTP/1.1 \(status) x", "Location: /y"]).0.location == "/y")
        }
    }

    @Test func `what a server says of itself is kept from a list, and the last of several`() {
        let (head, _) = head([
            "HTTP/1.1 200 OK", "Server: a", "SERVER: nginx", "Via: 1.1 x", "X-Powered-By: y", "X-Other: z",
            "Access-Control-Allow-Origin: *", "Set-Cookie: secret",
        ])
        #expect(head.headers.telling == ["server": "nginx", "via": "1.1 x", "x-powered-by": "y"])
        #expect(head.headers.allowOrigin == "*")
    }

    @Test func `fields that are too long or no plain text are left out`() {
        let long = String(repeating: "x", count: 2_049)
        let (head, _) = head(
            ["HTTP/1.1 200 OK", "ETag: \(long)", "Content-Type: t\u{e4}xt", "Last-Modified: \u{1}", "Location:"],
            limit: 10_000)
        #expect(head.headers == HTTPAnswerHeaders())
    }

    @Test func `no bytes trap`() {
        var random = SplitMix64(seed: 52)
        let alphabet = Array("HTTP/1.1 200\r\n:ETagLocation\t\u{0}\u{ff}".utf8)
        for _ in 0..<5_000 {
            var head = HTTPHead(limitBytes: 200)
            for _ in 0..<8 {
                let line = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                    alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                }
                if head.feed(line) == .tooLarge { break }
            }
            _ = head.headers
        }
    }
}
