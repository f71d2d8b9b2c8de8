import Crypto
import Net
import Nostr
import Settings

/// What became of one request to a source.
struct APISourceResult: Sendable, Equatable {
    /// Spellings as they came, duplicates among them; empty after a failure and when nothing has changed.
    var urls: [String] = []
    /// Values that were no URL by their type or length.
    var skipped = 0
    /// Of the list and the form in which it was read; empty without a list.
    var digest = ""
    /// "listed", "not_modified", or the short name of a failure.
    var outcome: String
    /// To be saved together with what was made of the URLs, and not before.
    var state: APISourceState
    /// Whether the source gave no list.
    var isFailure: Bool { state.lastError != nil }
}

/// Asks a source for its list.
struct APISourceReader: Sendable {
    /// The effect: one GET.
    typealias Fetch = @Sendable (HTTPRequest) async throws(FetchError) -> HTTPAnswer

    private let routes: HTTPRoutes
    private let rules: String
    private let fetch: Fetch

    /// With the proxies of the networks, and who fetches.
    init(networks: NetworksSettings, fetch: @escaping Fetch) {
        routes = HTTPRoutes(networks: networks)
        rules = "\(RelayMentionReader.ruleVersion)\(networks.local.enabled ? " local" : "")"
        self.fetch = fetch
    }

    /// One request. Whatever a source does is a result.
    /// - Parameter now: Unix seconds of the clock that the state was made by, the database's.
    /// - Throws: `CancellationError` alone.
    func ask(_ source: DirectorySource, _ state: APISourceState, now: Int64) async throws -> APISourceResult {
        let cooldown = Int64(source.cooldown.value.rounded(.up))
        do throws(APISourceFailure) {
            return try await list(source, state, now: now, cooldown: cooldown)
        } catch {
            if error.isCancellation { throw CancellationError() }
            let next = APISourcePlan.failed(
                state, kind: error.kind, retryAfter: error.retryAfter?.components.seconds, now: now, cooldown: cooldown)
            return APISourceResult(outcome: error.kind, state: next)
        }
    }

    private func list(
        _ source: DirectorySource, _ state: APISourceState, now: Int64, cooldown: Int64
    ) async throws(APISourceFailure) -> APISourceResult {
        let form = "\(source.shape.rawValue) \(source.path ?? "") \(rules)"
        let answer = try await answer(source, APISourcePlan.validators(state, form: form))
        if answer.isNotModified {
            let next = APISourcePlan.listed(state, nil, form: form, now: now, cooldown: cooldown)
            return APISourceResult(outcome: "not_modified", state: next)
        }
        let list: SourceList
        do throws(JSONSelection.Failure) { list = try source.shape.read(answer.body, path: source.path) } catch {
            throw APISourceFailure(kind: error.rawValue)
        }
        let found = (list.urls.count, answer.headers.etag, answer.headers.lastModified)
        let next = APISourcePlan.listed(state, found, form: form, now: now, cooldown: cooldown)
        return APISourceResult(
            urls: list.urls, skipped: list.skipped, digest: SHA256.hash(Array(form.utf8) + answer.body).hex,
            outcome: "listed", state: next)
    }

    /// 200 with a body, or 304 to a question that had validators.
    private func answer(
        _ source: DirectorySource, _ validators: (etag: String?, lastModified: String?)
    ) async throws(APISourceFailure) -> HTTPAnswer {
        var limits = HTTPLimits()
        limits.bodyBytes = source.maxBytes.bytes
        limits.total = source.timeout.duration
        // One that thinks for long before it answers is within its time.
        (limits.connect, limits.slowFor) = (source.timeout.duration, source.timeout.duration)
        let answer: HTTPAnswer
        do throws(FetchError) {
            answer = try await fetch(
                HTTPRequest(
                    url: source.url, headers: [("Accept", source.shape == .text ? "text/plain" : "application/json")],
                    etag: validators.etag, lastModified: validators.lastModified,
                    proxy: try routes.proxy(for: source.url), limits: limits))
        } catch {
            throw APISourceFailure(kind: error.kind.rawValue, isCancellation: error.kind == .cancelled)
        }
        let wasAsked = validators.etag != nil || validators.lastModified != nil
        if answer.status == 200 || (answer.isNotModified && wasAsked) { return answer }
        let isBusy = [429, 503].contains(answer.status)
        throw APISourceFailure(
            kind: isBusy ? "rate_limited" : "status_\(answer.status)", retryAfter: answer.headers.retryAfter)
    }
}

/// Why a source gave no list.
struct APISourceFailure: Error, Sendable, Equatable {
    /// Short stable name: a kind of `FetchError`, one of `JSONSelection.Failure`, `rate_limited` or `status_404`.
    var kind: String
    /// What the source asked for.
    var retryAfter: Duration?
    /// Nobody waits any more.
    var isCancellation = false
}
