/// Why a connection did not come about or ended, as a short stable kind with the step at which it happened.
public struct NetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Stable names for logs and metrics.
    public enum Kind: String, Sendable, CaseIterable {
        /// The host, port or path cannot be dialled at all.
        case invalidEndpoint = "invalid_endpoint"
        /// The name has no address.
        case nameNotFound = "name_not_found"
        /// The resolver failed for now.
        case resolverFailed = "resolver_failed"
        /// Every address of the name lies in a range that must not be contacted.
        case addressForbidden = "address_forbidden"
        /// An overlay network without a configured proxy.
        case noProxy = "no_proxy"
        /// The step did not end within the deadline.
        case timeout
        /// Nobody listens on that port.
        case connectionRefused = "connection_refused"
        /// No route to the network or host.
        case unreachable
        /// Any other failure of the socket before it was connected.
        case connectFailed = "connect_failed"
        /// The proxy wants other credentials.
        case proxyAuthentication = "proxy_authentication"
        /// The proxy answered that it cannot reach the host.
        case proxyRefused = "proxy_refused"
        /// The proxy does not speak SOCKS5.
        case proxyProtocol = "proxy_protocol"
        /// The trust roots could not be loaded.
        case trustRoots = "trust_roots"
        /// The handshake failed for another reason than the certificate.
        case tlsHandshake = "tls_handshake"
        /// The certificate's time is over.
        case certificateExpired = "certificate_expired"
        /// The certificate's time has not begun.
        case certificateNotYetValid = "certificate_not_yet_valid"
        /// No trusted root signed the certificate.
        case certificateUntrusted = "certificate_untrusted"
        /// The certificate names other hosts.
        case hostnameMismatch = "hostname_mismatch"
        /// The upgrade was answered by a redirect, which a WebSocket does not follow.
        case redirected
        /// The upgrade was answered by 429 or 503.
        case rateLimited = "rate_limited"
        /// The upgrade was answered by another status than 101.
        case upgradeRefused = "upgrade_refused"
        /// The answer to the upgrade is no valid acceptance (RFC 6455, 4.1).
        case upgradeInvalid = "upgrade_invalid"
        /// The answer's head is longer than the limit.
        case upgradeTooLarge = "upgrade_too_large"
        /// The peer broke RFC 6455.
        case protocolViolation = "protocol_violation"
        /// The peer announced a message over the limit.
        case messageTooLarge = "message_too_large"
        /// The connection ended without a closing frame.
        case connectionLost = "connection_lost"
        /// Nothing came back for two pings.
        case keepAliveTimeout = "keepalive_timeout"
        /// The peer stopped taking what we send.
        case writeTimeout = "write_timeout"
        /// The caller was cancelled.
        case cancelled
    }

    /// How far the connection had come.
    public enum Step: String, Sendable {
        /// Looking the name up and checking its addresses.
        case resolve
        /// TCP.
        case connect
        /// SOCKS5.
        case proxy
        /// TLS.
        case tls
        /// HTTP/1.1 upgrade.
        case upgrade
        /// WebSocket frames.
        case open
    }

    /// What a caller may do about it.
    public enum Disposition: Sendable, Equatable {
        /// Try again later; not before the given time when the peer named one.
        case retry(after: Duration?)
        /// Trying again without a change of settings or of the relay is of no use.
        case skip
    }

    /// What happened.
    public let kind: Kind
    /// Where it happened.
    public let step: Step
    /// More words for a log, at most 200 bytes of printable ASCII.
    public let detail: String
    /// HTTP status of the refused upgrade.
    public let status: Int?
    /// What the peer's Retry-After said, at most a day.
    public let retryAfter: Duration?

    /// An error with its detail cut and cleaned.
    public init(_ kind: Kind, _ step: Step, _ detail: String = "", status: Int? = nil, retryAfter: Duration? = nil) {
        self.kind = kind
        self.step = step
        self.detail = Self.printable(detail)
        self.status = status
        self.retryAfter = retryAfter
    }

    /// Whether trying again makes sense.
    public var disposition: Disposition {
        switch kind {
        case .invalidEndpoint, .addressForbidden, .noProxy, .redirected, .trustRoots: .skip
        default: .retry(after: retryAfter)
        }
    }

    /// "certificate_expired (tls): ..."
    public var description: String { "\(kind.rawValue) (\(step.rawValue))\(detail.isEmpty ? "" : ": \(detail)")" }

    private static func printable(_ text: String) -> String {
        let bytes = text.utf8.prefix(200).map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: bytes, as: UTF8.self)
    }
}
