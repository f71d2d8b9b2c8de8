internal import Crypto

/// The opening handshake of RFC 6455 (section 4.1) as we send it: no extensions, no subprotocols.
struct UpgradeRequest: Sendable {
    private static let suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    let endpoint: Endpoint
    let userAgent: String
    /// Base64 of 16 random bytes.
    let key: String

    init(endpoint: Endpoint, userAgent: String) {
        var generator = SystemRandomNumberGenerator()
        self.init(endpoint: endpoint, userAgent: userAgent, nonce: (0..<16).map { _ in generator.next() })
    }

    /// With a nonce of 16 bytes given, for tests.
    init(endpoint: Endpoint, userAgent: String, nonce: [UInt8]) {
        self.endpoint = endpoint
        self.userAgent = userAgent
        key = Base64.encode(nonce)
    }

    /// What the server must answer in Sec-WebSocket-Accept.
    var accept: String { Base64.encode(SHA1.hash([UInt8]((key + Self.suffix).utf8))) }

    /// The bytes of the request.
    var bytes: [UInt8] {
        let lines = [
            "GET \(endpoint.path) HTTP/1.1",
            "Host: \(endpoint.hostHeader)",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: \(key)",
            "Sec-WebSocket-Version: 13",
            "User-Agent: \(userAgent)",
        ]
        return [UInt8]((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
}
