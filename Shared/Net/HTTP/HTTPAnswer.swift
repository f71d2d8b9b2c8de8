/// What a server said to a GET.
public struct HTTPAnswer: Sendable, Equatable {
    /// Final status, 200 to 599; redirects that were followed do not show.
    public var status: Int
    /// The headers that somebody asks for.
    public var headers: HTTPAnswerHeaders
    /// Decompressed; empty unless the status is 200 to 299.
    public var body: [UInt8]
    /// Where the answer came from, after redirects.
    public var url: String
    /// How many redirects led there.
    public var redirects: Int
    /// How long it took.
    public var times: HTTPTimes
    /// The certificate of the server that gave the answer, where `wantsCertificate` was set; nil without TLS.
    public var certificate: HTTPCertificate?

    /// 304: what the caller has is still right.
    public var isNotModified: Bool { status == 304 }
    /// 200 to 299.
    public var isSuccess: Bool { (200...299).contains(status) }
}

/// Header fields of an answer, each at most 2,048 bytes of printable ASCII; longer or other ones are left out.
public struct HTTPAnswerHeaders: Sendable, Equatable {
    /// ETag, with its quotes.
    public var etag: String?
    /// Last-Modified as it was spelt.
    public var lastModified: String?
    /// Content-Type.
    public var contentType: String?
    /// What Retry-After said, at most a day.
    public var retryAfter: Duration?
    /// Access-Control-Allow-Origin (the Fetch standard, 3.3.3).
    public var allowOrigin: String?
    /// Fields that say what the server is made of, by name in lower case: server, x-powered-by, via, alt-svc,
    /// strict-transport-security, cf-ray, x-served-by.
    public var telling: [String: String] = [:]
}

/// How long the steps took. The steps are those of the last hop, from its beginning; the total is of the whole fetch.
public struct HTTPTimes: Sendable, Equatable {
    /// Until TCP was connected.
    public var connect = Duration.zero
    /// Until TLS stood; zero without TLS.
    public var tls = Duration.zero
    /// Until the first byte of the answer.
    public var firstByte = Duration.zero
    /// All hops together.
    public var total = Duration.zero
}
