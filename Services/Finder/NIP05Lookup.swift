import Net
import Nostr
import Settings

/// Asks a domain for the document that confirms a name.
struct NIP05Lookup: Sendable {
    /// What became of one request.
    struct Result: Sendable, Equatable {
        /// Spellings as they came.
        var relays: [String] = []
        /// "confirmed", or why there are no relays.
        var outcome: String
        /// Whether the domain said something about the name.
        var isAnswer: Bool
    }

    private let routes: HTTPRoutes
    private let depth: Int
    private let timeout: Duration
    private let fetch: APISourceReader.Fetch

    /// With the proxies of the networks, and who fetches.
    init(
        networks: NetworksSettings, limits: LimitsSettings, timeout: Duration, fetch: @escaping APISourceReader.Fetch
    ) {
        routes = HTTPRoutes(networks: networks)
        depth = limits.jsonDepth
        self.timeout = timeout
        self.fetch = fetch
    }

    /// One request. Whatever a domain does is a result.
    /// - Throws: `CancellationError` alone.
    func ask(_ named: FinderStore.NamedAuthor) async throws -> Result {
        var limits = HTTPLimits()
        limits.bodyBytes = 1 << 20
        limits.total = timeout
        limits.connect = timeout
        // A redirect could make somebody else's document the domain's: NIP-05 forbids to follow one.
        limits.redirects = 0
        let answer: HTTPAnswer
        do throws(FetchError) {
            let url = named.name.documentURL
            answer = try await fetch(
                HTTPRequest(
                    url: url, headers: [("Accept", "application/json")], proxy: try routes.proxy(for: url),
                    limits: limits))
        } catch {
            if error.kind == .cancelled { throw CancellationError() }
            return Result(outcome: error.kind.rawValue, isAnswer: false)
        }
        guard answer.status == 200 else { return Result(outcome: "status_\(answer.status)", isAnswer: false) }
        switch named.name.read(answer.body, author: named.author, depth: depth) {
        case .relays(let relays): return Result(relays: relays, outcome: "confirmed", isAnswer: true)
        case .otherAuthor: return Result(outcome: "other_author", isAnswer: true)
        case .malformed: return Result(outcome: "not_json", isAnswer: false)
        }
    }
}
