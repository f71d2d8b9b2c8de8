import Database
import Nostr
import ServiceKit

/// Asks a relay's host for its information document (NIP-11).
struct NIP11Probe: Sendable {
    let fetcher: any DocumentFetcher
    let clock: MonotonicClock
    /// What is read of the document.
    var limits = NIP11Document.Limits()
    /// Redirects that are followed.
    var redirects = CheckSettings().nip11Redirects

    /// What HTTP asks for.
    static let mediaType = "application/nostr+json"

    /// Fetches and reads the document, within a time.
    /// - Throws: `CancellationError`.
    func run(_ url: RelayURL, within limit: Duration) async throws -> NIP11Result {
        let start = clock.now()
        var result = NIP11Result(duration: .zero)
        do {
            let answer = try await fetcher.document(
                of: url, within: DocumentBounds(bytes: limits.bytes, redirects: redirects, time: limit))
            (result.status, result.headers) = (answer.status, answer.headers)
            result.allowsWebPages = answer.allowsWebPages
            if (200...299).contains(answer.status) {
                result.document = try NIP11Document(answer.body, limits: limits)
            } else {
                result.reason = "http_\(answer.status)"
            }
        } catch let error as DocumentFailure {
            result.reason = error.kind
        } catch let error as NIP11Error {
            result.reason = error.rawValue
        }
        try Task.checkCancellation()
        result.duration = clock.now() - start
        return result
    }

    /// The relay's own URL with the scheme of HTTP.
    static func address(of url: RelayURL) -> String { "http" + url.text.dropFirst("ws".count) }
}

/// What became of the information document.
struct NIP11Result: Sendable, Equatable {
    /// Of the whole fetch.
    var duration: Duration
    /// The document; nil without one.
    var document: NIP11Document?
    /// Why there is none, in snake_case.
    var reason: String?
    /// Status of the answer; nil without one.
    var status: Int?
    /// Header fields that say what the server is made of, by name.
    var headers: [String: String] = [:]
    /// Whether web pages of other hosts may read the answer (CORS), as NIP-11 demands.
    var allowsWebPages = false

    /// What the server said over HTTP, whether or not there was a document in it: stored as a check of its own.
    var http: JSONValue {
        let fields = headers.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .string($0.value)) }
        return ProbeDocument.make(
            status != nil, duration, status == nil ? reason : nil,
            [
                ("status", status.map { .integer($0) }), ("cors", status.map { _ in .bool(allowsWebPages) }),
                ("headers", fields.isEmpty ? nil : .object(fields)),
            ])
    }

    /// As it is stored beside the other measurements.
    var summary: JSONValue {
        ProbeDocument.make(document != nil, duration, reason, [("status", status.map { .integer($0) })])
    }
}

/// Fetches over HTTP for the probe: addresses checked, sizes and times bounded.
protocol DocumentFetcher: Sendable {
    /// What the host of a relay answers to a GET of the relay's own URL that asks for `NIP11Probe.mediaType`.
    /// - Throws: `DocumentFailure`; `CancellationError`.
    func document(of url: RelayURL, within bounds: DocumentBounds) async throws -> FetchedDocument
}

/// What one fetch may cost.
struct DocumentBounds: Sendable, Equatable {
    /// Of the body, after decompression.
    var bytes: Int
    /// Redirects that are followed; every target is checked as the relay itself was.
    var redirects: Int
    /// For the whole fetch.
    var time: Duration
}

/// A final answer, of any status.
struct FetchedDocument: Sendable, Equatable {
    /// 200 to 599.
    var status: Int
    /// At most the bytes that were asked for.
    var body: [UInt8]
    /// Header fields that say what the server is made of, by name in lower case; a short list, short values.
    var headers: [String: String] = [:]
    /// Access-Control-Allow-Origin.
    var allowedOrigin: String?

    /// The Origin that is sent, as the browser of a page elsewhere would: many servers speak of CORS to nobody else.
    static let origin = "https://example.com"

    /// Whether a page from there may read the answer.
    var allowsWebPages: Bool { allowedOrigin == "*" || allowedOrigin == Self.origin }
}

/// Why there was no answer.
struct DocumentFailure: Error, Equatable {
    /// Short and stable, in snake_case.
    var kind: String
}
