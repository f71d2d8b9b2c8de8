/// The client's side of a SOCKS5 conversation (RFC 1928, RFC 1929) as a pure state machine.
///
/// Host names go to the proxy as they are: an onion name must never meet a resolver.
struct SOCKS5: Sendable {
    /// What to do after feeding bytes.
    enum Step: Equatable {
        /// Send these bytes, then feed what comes back.
        case send([UInt8])
        /// Feed more bytes.
        case wait
        /// The tunnel stands; bytes after the proxy's answer belong to the host.
        case connected(leftover: [UInt8])
        /// The proxy will not do it.
        case failed(NetError)
    }

    private enum Phase { case method, password, reply, done }

    private let host: String
    private let port: Int
    private let user: String
    private let password: String
    private var phase = Phase.method
    private var received: [UInt8] = []

    /// `user` and `password` may be empty: then only "no authentication" is offered. Longer ones are cut at 255 bytes.
    init(host: String, port: Int, user: String, password: String) {
        self.host = host
        self.port = port
        self.user = user
        self.password = password
    }

    /// The first bytes to send: version and methods. Tor prefers user and password when both are offered,
    /// and gives each pair a circuit of its own.
    var greeting: [UInt8] { user.isEmpty ? [5, 1, 0] : [5, 2, 0, 2] }

    /// Takes bytes of the proxy; call again with no bytes after `.send` until `.wait`.
    mutating func feed(_ bytes: [UInt8]) -> Step {
        received += bytes
        guard received.count <= 1_024 || phase == .reply else { return fail(.proxyProtocol, "too many bytes") }
        switch phase {
        case .method: return takeMethod()
        case .password: return takePasswordAnswer()
        case .reply: return takeReply()
        case .done: return .wait
        }
    }

    private mutating func takeMethod() -> Step {
        guard let answer = take(2) else { return .wait }
        guard answer[0] == 5 else { return fail(.proxyProtocol, "version") }
        switch answer[1] {
        case 0:
            phase = .reply
            return .send(connectRequest)
        case 2 where !user.isEmpty:
            phase = .password
            return .send([1] + Self.counted(user) + Self.counted(password))
        default:
            return fail(.proxyAuthentication, "no common method")
        }
    }

    private mutating func takePasswordAnswer() -> Step {
        guard let answer = take(2) else { return .wait }
        guard answer[1] == 0 else { return fail(.proxyAuthentication, "refused") }
        phase = .reply
        return .send(connectRequest)
    }

    private mutating func takeReply() -> Step {
        guard received.count >= 5 else { return .wait }
        guard received[0] == 5 else { return fail(.proxyProtocol, "version") }
        guard received[1] == 0 else { return fail(.proxyRefused, Self.replyName(received[1])) }
        let addressLength: Int
        switch received[3] {
        case 1: addressLength = 4
        case 3: addressLength = 1 + Int(received[4])
        case 4: addressLength = 16
        default: return fail(.proxyProtocol, "address type")
        }
        guard take(4 + addressLength + 2) != nil else { return .wait }
        phase = .done
        return .connected(leftover: received)
    }

    private var connectRequest: [UInt8] {
        let target: [UInt8]
        if let address = ResolvedAddress(literal: host) {
            target = [address.isIPv4 ? 1 : 4] + address.bytes
        } else {
            target = [3] + Self.counted(host)
        }
        return [5, 1, 0] + target + [UInt8(truncatingIfNeeded: port >> 8), UInt8(truncatingIfNeeded: port)]
    }

    private mutating func take(_ count: Int) -> [UInt8]? {
        guard received.count >= count else { return nil }
        let bytes = [UInt8](received.prefix(count))
        received.removeFirst(count)
        return bytes
    }

    private mutating func fail(_ kind: NetError.Kind, _ detail: String) -> Step {
        phase = .done
        return .failed(NetError(kind, .proxy, detail))
    }

    private static func counted(_ text: String) -> [UInt8] {
        let bytes = [UInt8](text.utf8.prefix(255))
        return [UInt8(bytes.count)] + bytes
    }

    /// RFC 1928, section 6; Tor's own codes stand in its proposal 304.
    private static func replyName(_ code: UInt8) -> String {
        let names = [
            "general failure", "not allowed", "network unreachable", "host unreachable", "connection refused",
            "time to live expired", "command not supported", "address type not supported",
        ]
        return Int(code) - 1 < names.count && code > 0 ? names[Int(code) - 1] : "code \(code)"
    }
}
