import Synchronization

/// What one hop of a fetch needs: everything is decided and checked, nothing is sent yet.
struct HTTPHop: Sendable {
    let url: HTTPURL
    /// Checked addresses of the host, or of the proxy; empty for literals.
    let addresses: [ResolvedAddress]
    let proxy: ProxySettings?
    let headerLines: [String]
    let limits: HTTPLimits
    /// Whether the server's certificate is wanted too.
    let wantsCertificate: Bool
    /// When the whole fetch has to be over.
    let end: ContinuousClock.Instant
}

/// What came back from one hop.
struct HTTPHopAnswer: Sendable {
    let head: HTTPHead
    let body: [UInt8]
    let times: HTTPTimes
    let certificate: HTTPCertificate?
}

/// One GET: what is to be done, and who waits for it. It holds nothing of libcurl's, so whoever lets go of it last may
/// do so on any thread.
final class CurlTransfer: Sendable {
    let hop: HTTPHop
    let addressGuard: AddressGuard
    private let completion: @Sendable (Result<HTTPHopAnswer, FetchError>) -> Void
    private let isComplete = Mutex(false)

    init(
        _ hop: HTTPHop, guard: AddressGuard, completion: @escaping @Sendable (Result<HTTPHopAnswer, FetchError>) -> Void
    ) {
        self.hop = hop
        addressGuard = `guard`
        self.completion = completion
    }

    /// Whether the caller has its answer, so that no work is left to do.
    var isDone: Bool { isComplete.withLock { $0 } }

    /// Answers the caller, once.
    func complete(_ result: Result<HTTPHopAnswer, FetchError>) {
        let isFirst = isComplete.withLock { isComplete in
            defer { isComplete = true }
            return !isComplete
        }
        if isFirst { completion(result) }
    }
}
