import Crypto
import Net
import Nostr
import Settings

/// What became of one request to a source.
struct APISourceResult: Sendable, Equatable {
    /// Spellings as they came, duplicates among them; empty when nothing has changed, and after a failure unless a
    /// list came in several answers and some were read.
    var urls: [String] = []
    /// Values that were no URL by their type or length.
    var skipped = 0
    /// Of the list and the form in which it was read; empty without a list.
    var digest = ""
    /// "listed", "not_modified", or the short name of a failure.
    var outcome: String
    /// To be saved together with what was made of the URLs, and not before.
    var state: APISourceState
    /// Whether the source gave no list, or not the whole of it.
    var isFailure: Bool { state.lastError != nil }
}

/// Asks a source for its list.
struct APISourceReader: Sendable {
    /// The effect: one GET.
    typealias Fetch = @Sendable (HTTPRequest) async throws(FetchError) -> HTTPAnswer

    private let routes: HTTPRoutes
    private let rules: String
    private let depth: Int
    private let fetch: Fetch

    /// With the proxies of the networks, and who fetches.
    init(networks: NetworksSettings, limits: LimitsSettings = LimitsSettings(), fetch: @escaping Fetch) {
        depth = limits.jsonDepth
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
            return APISourceResult(
                outcome: error.kind, state: failed(state, error, now: now, cooldown: cooldown))
        }
    }

    private func list(
        _ source: DirectorySource, _ state: APISourceState, now: Int64, cooldown: Int64
    ) async throws(APISourceFailure) -> APISourceResult {
        let form = "\(source.shape.rawValue) \(source.path ?? "") \(rules)"
        var pages = SourcePages(source, depth: depth)
        let first = try await answer(source, pages, APISourcePlan.validators(state, form: form))
        if first.isNotModified {
            let next = APISourcePlan.listed(state, nil, form: form, now: now, cooldown: cooldown)
            return APISourceResult(outcome: "not_modified", state: next)
        }
        try Self.add(first, to: &pages)
        // What the first of several answers says of itself says nothing about the others.
        let (etag, lastModified) =
            pages.hasMore ? (nil, nil) : (first.headers.etag, first.headers.lastModified)
        let failure = try await rest(source, &pages)
        let listed = APISourcePlan.listed(
            state, (pages.list.urls.count, etag, lastModified), form: form, now: now, cooldown: cooldown)
        return APISourceResult(
            urls: pages.list.urls, skipped: pages.list.skipped,
            digest: SHA256.hash(Array("\(form)\n\(pages.list.urls.joined(separator: "\n"))".utf8)).hex,
            outcome: failure?.kind ?? "listed",
            state: failure.map { failed(state, $0, now: now, cooldown: cooldown) } ?? listed)
    }

    /// Reads on to the end of a list that comes in several answers.
    /// - Returns: why it could not be read to its end; what came before counts all the same.
    private func rest(
        _ source: DirectorySource, _ pages: inout SourcePages
    ) async throws(APISourceFailure) -> APISourceFailure? {
        do throws(APISourceFailure) {
            while pages.hasMore { try Self.add(try await answer(source, pages, (nil, nil)), to: &pages) }
            return nil
        } catch {
            if error.isCancellation { throw error }
            return error
        }
    }

    private static func add(_ answer: HTTPAnswer, to pages: inout SourcePages) throws(APISourceFailure) {
        do throws(JSONSelection.Failure) { try pages.add(answer) } catch {
            throw APISourceFailure(kind: error.rawValue)
        }
    }

    private func failed(
        _ state: APISourceState, _ failure: APISourceFailure, now: Int64, cooldown: Int64
    ) -> APISourceState {
        APISourcePlan.failed(
            state, kind: failure.kind, retryAfter: failure.retryAfter?.components.seconds, now: now,
            cooldown: cooldown)
    }

    /// 200 with a body, or 304 to a question that had validators.
    private func answer(
        _ source: DirectorySource, _ pages: SourcePages, _ validators: (etag: String?, lastModified: String?)
    ) async throws(APISourceFailure) -> HTTPAnswer {
        let answer: HTTPAnswer
        do throws(FetchError) {
            answer = try await fetch(
                HTTPRequest(
                    url: pages.url, headers: [("Accept", source.shape == .text ? "text/plain" : "application/json")],
                    etag: validators.etag, lastModified: validators.lastModified,
                    proxy: try routes.proxy(for: source.url), limits: pages.limits))
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
