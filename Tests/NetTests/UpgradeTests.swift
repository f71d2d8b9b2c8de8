import Crypto
import Testing

@testable import Net

@Suite struct UpgradeTests {
    private let request = UpgradeRequest(
        endpoint: Endpoint(isSecure: false, host: "server.example.com", port: 80, path: "/chat"), userAgent: "test",
        nonce: Array("the sample nonce".utf8))

    /// The answer of RFC 6455, 1.3, with changes.
    private func answer(
        status: String = "HTTP/1.1 101 Switching Protocols", upgrade: String = "websocket",
        connection: String = "Upgrade", accept: String = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", more: String = ""
    ) -> String {
        "\(status)\r\nUpgrade: \(upgrade)\r\nConnection: \(connection)\r\n"
            + "Sec-WebSocket-Accept: \(accept)\r\n\(more)\r\n"
    }

    private func feed(_ parts: [String], limit: Int = 16_384) -> Result<Int?, NetError> {
        var response = UpgradeResponse(accept: request.accept, limitBytes: limit)
        var used: Int?
        do throws(NetError) {
            for part in parts { used = try feed(part, &response) }
            return .success(used)
        } catch {
            return .failure(error)
        }
    }

    private func feed(_ part: String, _ response: inout UpgradeResponse) throws(NetError) -> Int? {
        let result = Array(part.utf8).withUnsafeBytes { bytes in
            Result { () throws(NetError) in try response.feed(bytes) }
        }
        return try result.get()
    }

    private func kind(_ parts: String...) -> NetError.Kind? {
        if case .failure(let error) = feed(parts) { error.kind } else { nil }
    }

    @Test func `RFC 6455's own key and answer`() {
        #expect(request.key == "dGhlIHNhbXBsZSBub25jZQ==")
        #expect(request.accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(feed([answer()]) == .success(answer().utf8.count))
    }

    @Test func `the request has every header it needs`() {
        let text = String(decoding: request.bytes, as: UTF8.self)
        #expect(text.hasPrefix("GET /chat HTTP/1.1\r\nHost: server.example.com\r\n"))
        #expect(text.hasSuffix("\r\n\r\n"))
        #expect(text.contains("\r\nSec-WebSocket-Version: 13\r\n"))
    }

    @Test func `SHA-1 knows its published vectors`() {
        let hash = { (text: String) in SHA1.hash(Array(text.utf8)).map { "\($0 >> 4)" + ",\($0 & 15)" } }
        #expect(hash("abc").prefix(2) == ["10,9", "9,9"])
        #expect(Base64.encode(SHA1.hash([])) == "2jmj7l5rSw0yVb/vlWAYkK/YBwk=")
        let long = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
        #expect(Base64.encode(SHA1.hash(Array(long.utf8))) == "hJg+RBw70m66rkqh+VEp5eVGcPE=")
    }

    @Test func `the answer may come in pieces, and what follows it is not used up`() {
        let bytes = Array(answer().utf8)
        for cut in 1..<bytes.count {
            let parts = [
                String(decoding: bytes[..<cut], as: UTF8.self), String(decoding: bytes[cut...], as: UTF8.self),
            ]
            #expect(feed([parts[0], parts[1] + "frames"]) == .success(bytes.count - cut), "cut at \(cut)")
        }
    }

    @Test func `names and tokens come in any case, with others beside them`() {
        #expect(kind(answer(upgrade: "WebSocket", connection: "keep-alive, upgrade")) == nil)
        #expect(kind(answer(more: "Sec-WebSocket-Protocol: nostr\r\n")) == nil)
    }

    @Test(arguments: [
        ("h2c", "Upgrade", ""), ("websocket", "close", ""), ("websocket", "Upgrade", "Sec-WebSocket-Extensions: x\r\n"),
        ("websocket", "Upgrade", "no colon\r\n"), ("websocket", "Upgrade", ": no name\r\n"),
    ])
    func `an acceptance that is none is refused`(upgrade: String, connection: String, more: String) {
        #expect(kind(answer(upgrade: upgrade, connection: connection, more: more)) == .upgradeInvalid)
    }

    @Test func `the accept value must be ours, once`() {
        #expect(kind(answer(accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOO=")) == .upgradeInvalid)
        #expect(kind(answer(accept: "")) == .upgradeInvalid)
        #expect(kind(answer(more: "Sec-WebSocket-Accept: \(request.accept)\r\n")) == .upgradeInvalid)
    }

    @Test func `other statuses have kinds of their own`() {
        #expect(kind("HTTP/1.1 200 OK\r\n\r\n") == .upgradeRefused)
        #expect(kind("HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\n\r\n") == .redirected)
        #expect(kind("HTTP/1.1 403 Forbidden\r\n\r\n") == .upgradeRefused)
        #expect(kind("HTTP/1.0 429 \r\n\r\n") == .rateLimited)
        #expect(kind("HTTP/1.1 503 Busy\r\n\r\n") == .rateLimited)
    }

    @Test(arguments: [
        ("120", 120), (" 0 ", 0), ("86400", 86_400), ("86401", 86_400), ("99999999999999999999", 86_400),
    ])
    func `Retry-After is taken in seconds`(value: String, seconds: Int) {
        guard case .failure(let error) = feed(["HTTP/1.1 503 Busy\r\nRetry-After: \(value)\r\n\r\n"]) else {
            return #expect(Bool(false))
        }
        #expect(error.retryAfter == .seconds(seconds))
        #expect(error.status == 503)
    }

    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:51:37 GMT", 120), ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("Sat, 05 Nov 1994 08:49:37 GMT", 0), ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
    ])
    func `a date is measured from the answer's own`(value: String, seconds: Int) {
        let head = "HTTP/1.1 429 Slow\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: \(value)\r\n\r\n"
        guard case .failure(let error) = feed([head]) else { return #expect(Bool(false)) }
        #expect(error.retryAfter == .seconds(seconds))
        #expect(error.kind == .rateLimited)
    }

    @Test(arguments: ["-1", "soon", "1e3", "", "+5", "Sun, 06 Nov 1994 08:51:37 GMT"])
    func `a Retry-After that makes no sense is none`(value: String) {
        guard case .failure(let error) = feed(["HTTP/1.1 503 Busy\r\nRetry-After: \(value)\r\n\r\n"]) else {
            return #expect(Bool(false))
        }
        #expect(error.retryAfter == nil)
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.2\r\n", "\u{16}\u{3}", "HTTP/2 101\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1\r\n\r\n",
    ])
    func `what is not HTTP is refused as soon as that is seen`(text: String) { #expect(kind(text) == .upgradeInvalid) }

    @Test func `the head has a limit`() {
        let text = answer(more: "X: \(String(repeating: "x", count: 500))\r\n")
        #expect(feed([text], limit: text.utf8.count) == .success(text.utf8.count))
        #expect(feed([text], limit: text.utf8.count - 1) == .failure(NetError(.upgradeTooLarge, .upgrade)))
    }
}
