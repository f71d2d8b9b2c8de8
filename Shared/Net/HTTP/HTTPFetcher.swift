import Glibc
import Settings

/// Fetches over HTTP/1.1 and HTTP/2 with libcurl: every address checked, every answer bounded, certificates verified.
///
/// No cookies, no .netrc, no proxies of the environment; only http and https. Close it, or let go of it: its thread
/// ends either way.
public final class HTTPFetcher: Sendable {
    /// Where its transfers run.
    let loop: CurlLoop
    private let resolver: any AddressResolver
    private let addressGuard: AddressGuard

    /// Starts a thread.
    /// - Parameter mostTransfers: connections at one time; what is more waits, at most until its own deadline.
    /// - Throws: `trust_roots` when the file of further roots cannot be read, `failed` without a thread.
    public init(
        resolver: any AddressResolver = SystemResolver.shared, guard: AddressGuard = AddressGuard(),
        tls: TLSSettings = TLSSettings(), mostTransfers: Int = 128
    ) throws(FetchError) {
        if let caFile = tls.caFile, access(caFile, R_OK) != 0 { throw FetchError(.trustRoots, caFile) }
        loop = try CurlLoop(caFile: tls.caFile, mostTransfers: mostTransfers)
        self.resolver = resolver
        addressGuard = `guard`
    }

    deinit { loop.stop() }

    /// Ends what is under way with `closed`, and returns when the thread has let go of everything.
    public func close() async {
        loop.stop()
        await loop.waitForEnd()
    }

    /// The answer to a GET, redirects followed. Ends within `limits.total`, whatever the server does, and soon after
    /// its task was cancelled.
    /// - Throws: why there is no answer; `cancelled` among it. A final status is an answer, also 404 and 500.
    public func fetch(_ request: HTTPRequest) async throws(FetchError) -> HTTPAnswer {
        let start = ContinuousClock.now
        let lines = try request.headerLines()
        var url = try HTTPURL(request.url)
        var redirects = 0
        while true {
            let end = start + request.limits.total
            let hop = HTTPHop(
                url: url, addresses: try await addresses(url, request, until: end), proxy: request.proxy,
                headerLines: lines, limits: request.limits, wantsCertificate: request.wantsCertificate, end: end)
            let answer = try await perform(hop)
            guard let location = answer.head.location else {
                return Self.answer(answer, url, redirects, ContinuousClock.now - start)
            }
            guard redirects < request.limits.redirects else {
                throw FetchError(.tooManyRedirects, "\(request.limits.redirects)")
            }
            redirects += 1
            url = try url.following(location)
        }
    }

    /// Where the connection of a hop may go. Names that go to a proxy are not resolved here, but literals are checked.
    private func addresses(
        _ url: HTTPURL, _ request: HTTPRequest, until end: ContinuousClock.Instant
    ) async throws(FetchError) -> [ResolvedAddress] {
        let patience = min(request.limits.connect, ContinuousClock.now.duration(to: end))
        guard patience > .zero else { throw FetchError(.timeout) }
        do throws(NetError) {
            if let literal = ResolvedAddress(literal: url.host) { _ = try addressGuard.filter([literal]) }
            if let proxy = request.proxy {
                return try await resolver.addresses(of: proxy.address.host, within: patience)
            }
            if url.isOverlay { throw NetError(.noProxy, .proxy, url.host) }
            return try addressGuard.filter(await resolver.addresses(of: url.host, within: patience))
        } catch {
            throw FetchError(error)
        }
    }

    private func perform(_ hop: HTTPHop) async throws(FetchError) -> HTTPHopAnswer {
        let pending = PendingTransfer()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation {
                (continuation: CheckedContinuation<Result<HTTPHopAnswer, FetchError>, Never>) in
                let transfer = CurlTransfer(hop, guard: addressGuard) { continuation.resume(returning: $0) }
                // Cancelled before there was anything to cancel: it does not begin.
                guard pending.put(transfer) else { return transfer.complete(.failure(FetchError(.cancelled))) }
                loop.start(transfer)
            }
        } onCancel: {
            if let transfer = pending.cancel() { loop.cancel(transfer) }
        }
        return try result.get()
    }

    private static func answer(
        _ hop: HTTPHopAnswer, _ url: HTTPURL, _ redirects: Int, _ total: Duration
    ) -> HTTPAnswer {
        var times = hop.times
        times.total = total
        return HTTPAnswer(
            status: hop.head.status, headers: hop.head.headers, body: hop.body, url: url.text, redirects: redirects,
            times: times, certificate: hop.certificate)
    }
}
