import Nostr
import RelayClient
import SyncEngine
import Synchronization

/// What went over the connections of a transport that counts.
final class TrafficTally: Sendable {
    /// Events of pages.
    struct Pages {
        var pages = 0
        var events = 0
        var bytes = 0
        /// How often each event came, by the first 64 bits of its id.
        var copies: [UInt64: Int] = [:]
    }

    /// One reconciliation.
    struct Comparison {
        /// Messages of ours and of the relay's, and their bytes in binary.
        var messagesUp = 1
        var messagesDown = 0
        var bytesUp = 0
        var bytesDown = 0
        /// Bytes on the socket meanwhile.
        var wireUp = 0
        var wireDown = 0
        var isFinished = false
    }

    private let state = Mutex((pages: Pages(), comparisons: [Comparison]()))
    /// Bytes that the sockets have carried so far, to the relays and from them.
    private let wire: @Sendable () -> (up: Int, down: Int)

    init(wire: @escaping @Sendable () -> (up: Int, down: Int) = { (0, 0) }) { self.wire = wire }

    var pages: Pages { state.withLock { $0.pages } }
    var comparisons: [Comparison] { state.withLock { $0.comparisons } }

    fileprivate func count(_ page: RawPage) {
        state.withLock { state in
            state.pages.pages += 1
            for chunk in page.chunks {
                state.pages.bytes += chunk.bytes.count
                chunk.forEachEvent { event in
                    state.pages.events += 1
                    if let key = Self.key(of: event) { state.pages.copies[key, default: 0] += 1 }
                }
            }
        }
    }

    /// The first digits behind `"id":"`, which can stand nowhere else: within a text its quotes are escaped.
    private static func key(of event: UnsafeBufferPointer<UInt8>) -> UInt64? {
        let name = Array(#""id":""#.utf8)
        guard let start = event.indices.first(where: { event[$0...].starts(with: name) }) else { return nil }
        let digits = event[(start + name.count)...].prefix(16)
        return UInt64(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    fileprivate func beginComparison() -> (up: Int, down: Int) { wire() }

    fileprivate func end(_ comparison: Comparison, since before: (up: Int, down: Int)) {
        var comparison = comparison
        let now = wire()
        comparison.wireUp = now.up - before.up
        comparison.wireDown = now.down - before.down
        state.withLock { $0.comparisons.append(comparison) }
    }
}

/// Passes everything on, and counts.
struct CountingTransport: RelayTransport {
    let live: LiveTransport
    let tally: TrafficTally

    func connect(to url: RelayURL) async throws -> any RelaySession {
        CountingSession(live: try await live.connect(to: url), tally: tally)
    }

    func failureKind(_ error: any Error) -> String { live.failureKind(error) }

    func retryAfter(_ error: any Error) -> Duration? { live.retryAfter(error) }
}

private struct CountingSession: RelaySession {
    let live: any RelaySession
    let tally: TrafficTally

    func page(_ filter: Filter, budget: PageBudget) async throws -> RawPage {
        let page = try await live.page(filter, budget: budget)
        tally.count(page)
        return page
    }

    func reconcile(
        _ filter: Filter, opening: [UInt8], budget: ReconciliationBudget,
        reply: @escaping @Sendable (_ message: [UInt8]) async throws -> [UInt8]?
    ) async throws -> ReconciliationEnding {
        let before = tally.beginComparison()
        let counts = Mutex(TrafficTally.Comparison(bytesUp: opening.count))
        let ending = try await live.reconcile(filter, opening: opening, budget: budget) { message in
            let answer = try await reply(message)
            counts.withLock { counts in
                counts.messagesDown += 1
                counts.bytesDown += message.count
                counts.messagesUp += answer == nil ? 0 : 1
                counts.bytesUp += answer?.count ?? 0
            }
            return answer
        }
        // The last word to the relay is still under way.
        try await ContinuousClock().sleep(for: .milliseconds(100))
        counts.withLock { $0.isFinished = ending == .finished }
        tally.end(counts.withLock { $0 }, since: before)
        return ending
    }

    func count(_ filter: Filter, timeout: Duration) async throws -> CountAnswer {
        try await live.count(filter, timeout: timeout)
    }

    func follow(_ filter: Filter, budget: FeedBudget) async throws -> any RelayFeed {
        try await live.follow(filter, budget: budget)
    }

    func facts() async -> SessionFacts { await live.facts() }

    func close() async { await live.close() }
}
