import Database
import Nostr
import ServiceKit

/// Asks a relay's host for its information document (NIP-11).
struct NIP11Probe: Sendable {
    let fetcher: any DocumentFetcher
    let clock: MonotonicClock

    /// What HTTP asks for.
    static let mediaType = "application/nostr+json"

    /// Fetches and reads the document, within a time.
    /// - Throws: `CancellationError`.
    func run(_ url: RelayURL, within limit: Duration) async throws -> NIP11Result {
        let start = clock.now()
        var result = NIP11Result(duration: .zero)
        do {
            let answer = try await fetcher.document(of: url, mostBytes: NIP11Document.maxBytes, within: limit)
            result.status = answer.status
            if (200...299).contains(answer.status) {
                result.document = try NIP11Document(answer.body)
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

    /// As it is stored beside the other measurements.
    var summary: JSONValue {
        ProbeDocument.make(document != nil, duration, reason, [("status", status.map { .integer($0) })])
    }
}

/// Fetches over HTTP for the probe: addresses checked, sizes and times bounded.
protocol DocumentFetcher: Sendable {
    /// What the host of a relay answers to a GET of the relay's own URL that asks for `NIP11Probe.mediaType`.
    /// - Parameter mostBytes: of the body, after decompression.
    /// - Throws: `DocumentFailure`; `CancellationError`.
    func document(of url: RelayURL, mostBytes: Int, within limit: Duration) async throws -> FetchedDocument
}

/// A final answer, of any status.
struct FetchedDocument: Sendable, Equatable {
    /// 200 to 599.
    var status: Int
    /// At most the bytes that were asked for.
    var body: [UInt8]
}

/// Why there was no answer.
struct DocumentFailure: Error, Equatable {
    /// Short and stable, in snake_case.
    var kind: String
}
