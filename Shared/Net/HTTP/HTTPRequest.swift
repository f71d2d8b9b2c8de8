/// One GET over HTTP: what is asked for, by which road, and how much the answer may cost.
public struct HTTPRequest: Sendable {
    /// http:// or https://, ASCII, without user and password, at most `HTTPURL.mostBytes`.
    public var url: String
    /// Names and values as they are sent, to every hop of a redirect too: no secrets. Host, User-Agent and
    /// Accept-Encoding are the fetcher's own.
    public var headers: [(name: String, value: String)]
    /// ETag of an earlier answer: 304 instead of the same body again.
    public var etag: String?
    /// Last-Modified of an earlier answer, as it was spelt there.
    public var lastModified: String?
    /// The way to every hop; names are resolved there. nil is the direct way.
    public var proxy: ProxySettings?
    /// What the answer may cost.
    public var limits: HTTPLimits
    /// Whether the answer shall hold the server's certificate.
    public var wantsCertificate = false

    /// A plain request.
    public init(
        url: String, headers: [(name: String, value: String)] = [], etag: String? = nil, lastModified: String? = nil,
        proxy: ProxySettings? = nil, limits: HTTPLimits = HTTPLimits()
    ) {
        self.url = url
        self.headers = headers
        self.etag = etag
        self.lastModified = lastModified
        self.proxy = proxy
        self.limits = limits
    }

    /// The header lines to send.
    /// - Throws: `invalid_request` for whatever could break out of its line, and for more than 64 of them.
    func headerLines() throws(FetchError) -> [String] {
        var pairs = headers
        if let etag { pairs.append(("If-None-Match", etag)) }
        if let lastModified { pairs.append(("If-Modified-Since", lastModified)) }
        let isSound = pairs.allSatisfy { name, value in
            !name.isEmpty && name.utf8.allSatisfy(Self.isTokenByte) && !value.isEmpty && value.utf8.count <= 4_096
                && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        }
        guard isSound, pairs.count <= 64 else { throw FetchError(.invalidRequest, "header") }
        return pairs.map { "\($0.name): \($0.value)" }
    }

    /// Letters, digits and the hyphen: less than RFC 9110 allows in a name, and all that names use.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"): true
        default: false
        }
    }
}

/// Bounds of one fetch.
public struct HTTPLimits: Sendable, Equatable {
    /// Body after decompression.
    public var bodyBytes = 5 << 20
    /// Head lines of one answer, those of interim answers and trailers included.
    public var headerBytes = 32 << 10
    /// Redirects followed; each target is checked as the first URL was.
    public var redirects = 5
    /// Name, TCP, proxy and TLS of one hop.
    public var connect = Duration.seconds(10)
    /// The whole fetch, redirects included.
    public var total = Duration.seconds(30)
    /// The slowest pace, in bytes a second ...
    public var slowestBytesPerSecond = 170
    /// ... and for how long a transfer may be slower than that, the wait for its first byte included. Whole seconds, at
    /// least one.
    public var slowFor = Duration.seconds(20)

    /// The defaults above.
    public init() {}
}
