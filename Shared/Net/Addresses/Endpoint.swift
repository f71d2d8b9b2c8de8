/// Where a WebSocket is dialled: what a relay URL comes down to for the socket.
public struct Endpoint: Sendable, Hashable {
    /// TLS (`wss`) or not (`ws`).
    public let isSecure: Bool
    /// Name or address literal, IPv6 without brackets.
    public let host: String
    /// 1 to 65535.
    public let port: Int
    /// Path and query as the request line carries them, beginning with "/".
    public let path: String

    /// The given parts; brackets round an IPv6 literal are taken off, an empty path becomes "/".
    /// Nothing else is checked here: `validated()` does, before anything is sent.
    public init(isSecure: Bool, host: String, port: Int, path: String = "/") {
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.utf8.count > 2
        self.isSecure = isSecure
        self.host = isBracketed ? String(host.dropFirst().dropLast()) : host
        self.port = port
        self.path = path.isEmpty ? "/" : path
    }

    /// Value of the Host header: IPv6 in brackets, the port only when it is not the scheme's own (RFC 9110, 7.2).
    public var hostHeader: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// Throws `invalid_endpoint` for anything that could break out of the request line or of a header:
    /// control characters, spaces, bytes above 0x7E, a relative path, more than 255 bytes of host or 4,096 of path.
    func validated() throws(NetError) {
        let isPlain = { (text: String) in text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }
        guard (1...65_535).contains(port) else {
            throw NetError(.invalidEndpoint, .resolve, "port out of range")
        }
        guard !host.isEmpty, host.utf8.count <= 255, isPlain(host), !host.contains("/"), !host.contains("@") else {
            throw NetError(.invalidEndpoint, .resolve, "host")
        }
        guard path.hasPrefix("/"), path.utf8.count <= 4_096, isPlain(path), !path.contains("#") else {
            throw NetError(.invalidEndpoint, .resolve, "path")
        }
    }
}
