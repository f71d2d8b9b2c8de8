/// Why a fetch over HTTP gave no answer. An answer with any final status is none of these.
public struct FetchError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Stable names for logs and metrics; where `NetError` has the same cause it has the same name.
    public enum Kind: String, Sendable, CaseIterable {
        /// No http or https URL, too long, not ASCII, or with a user or password in it.
        case badURL = "bad_url"
        /// A header that cannot be sent.
        case invalidRequest = "invalid_request"
        /// The name has no address.
        case nameNotFound = "name_not_found"
        /// The resolver failed for now.
        case resolverFailed = "resolver_failed"
        /// Every address lies in a range that must not be contacted.
        case addressForbidden = "address_forbidden"
        /// A host of an overlay network, without a proxy.
        case noProxy = "no_proxy"
        /// The deadline passed.
        case timeout
        /// Bytes came, too slowly for too long.
        case tooSlow = "too_slow"
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
        /// The proxy does not speak SOCKS5, or hung up.
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
        /// The head of the answer is over its limit.
        case headersTooLarge = "headers_too_large"
        /// The body is over its limit, announced or inflated.
        case bodyTooLarge = "body_too_large"
        /// One redirect more than allowed.
        case tooManyRedirects = "too_many_redirects"
        /// A redirect to something that is not followed: another scheme, from https to http, no URL.
        case badRedirect = "bad_redirect"
        /// The body is not in the encoding that the server named.
        case badEncoding = "bad_encoding"
        /// What came is not HTTP.
        case protocolViolation = "protocol_violation"
        /// The connection ended before the answer did.
        case connectionLost = "connection_lost"
        /// The caller was cancelled.
        case cancelled
        /// The fetcher was closed.
        case closed
        /// Anything else.
        case failed
    }

    /// What happened.
    public let kind: Kind
    /// More words for a log, at most 200 bytes of printable ASCII.
    public let detail: String

    /// An error with its detail cut and cleaned.
    public init(_ kind: Kind, _ detail: String = "") {
        self.kind = kind
        let bytes = detail.utf8.prefix(200).map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }
        self.detail = String(decoding: bytes, as: UTF8.self)
    }

    /// The same cause, found by what is shared with WebSockets: resolver and address guard.
    init(_ error: NetError) {
        self.init(Kind(rawValue: error.kind.rawValue) ?? .failed, error.detail)
    }

    /// "body_too_large: ..."
    public var description: String { detail.isEmpty ? kind.rawValue : "\(kind.rawValue): \(detail)" }
}
