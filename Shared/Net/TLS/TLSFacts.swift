/// What a server showed in a TLS handshake. Every text is the server's own word, at most 512 bytes without control
/// characters.
public struct TLSFacts: Sendable, Equatable {
    /// "TLSv1.3".
    public var version = ""
    /// "TLS_AES_256_GCM_SHA384".
    public var cipher = ""
    /// As it was sent, the server's own certificate first; at most `TLSInspector.mostCertificates`.
    public var chain: [TLSCertificateFacts] = []
    /// How many certificates were sent.
    public var chainCount = 0
    /// Why the chain does not verify for this host; nil when it does.
    public var refusal: NetError.Kind?
    /// The library's own words for `refusal`.
    public var refusalText: String?

    /// Nothing known.
    public init() {}

    /// Whether a client that trusts the same authorities would go on.
    public var isVerified: Bool { refusal == nil }
}

/// What one certificate says (RFC 5280).
public struct TLSCertificateFacts: Sendable, Equatable {
    /// Names kept of one certificate.
    public static let mostNames = 32

    /// Whom it is for, as RFC 2253 writes names: "CN=relay.example".
    public var subject = ""
    /// Who signed it.
    public var issuer = ""
    /// Unix seconds from which on it holds; nil where the certificate's time is none.
    public var notBefore: Int64?
    /// Unix seconds until which it holds.
    public var notAfter: Int64?
    /// DNS names and addresses of subjectAltName, as they came, at most `mostNames`.
    public var names: [String] = []
    /// How many there are.
    public var nameCount = 0
    /// SHA-256 of the DER form, 64 hex characters.
    public var fingerprint = ""

    /// Nothing known.
    public init() {}
}
