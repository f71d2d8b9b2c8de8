public import Nostr
public import RelayClient

/// How the engine reaches relays: a parameter, so that a simulator can stand in for the network.
public protocol RelayTransport: Sendable {
    /// Opens one connection to a relay.
    /// - Throws: `RelayError` when it cannot be reached in time, or `CancellationError`.
    func connect(to url: RelayURL) async throws -> any RelaySession

    /// A stable word for why `connect` failed, for logs, metrics and the relay's row.
    func failureKind(_ error: any Error) -> String

    /// How long the relay asked to be left alone when `connect` failed (HTTP 429 or 503 with Retry-After), at most a
    /// day; nil when it did not say.
    func retryAfter(_ error: any Error) -> Duration?
}

/// One open connection to a relay.
///
/// A request that is refused for the want of AUTH (NIP-42) is asked once more after the relay's challenge was answered,
/// which happens once a connection; a second refusal is final.
public protocol RelaySession: Sendable {
    /// Sends one REQ and collects its answer until EOSE, a refusal or a limit.
    /// - Throws: `CancellationError` only; every failure of the relay is an ending of the page.
    func page(_ filter: Filter, budget: PageBudget) async throws -> RawPage

    /// Compares what matches the filter with our own set (NIP-77). Sends NEG-OPEN with `opening`, a first message in
    /// binary, and hands each message of the relay to `reply`, whose answer is sent; nil from it ends the session as
    /// `.finished`. The relay is told of every end that it does not know of. `reply` may take its time: the relay's
    /// patience is its own, ours does not run meanwhile.
    /// - Throws: `CancellationError`, and what `reply` throws unless it is a `NegentropyError`: that is an ending,
    ///   `.malformed` or over budget.
    func reconcile(
        _ filter: Filter, opening: [UInt8], budget: ReconciliationBudget,
        reply: @escaping @Sendable (_ message: [UInt8]) async throws -> [UInt8]?
    ) async throws -> ReconciliationEnding

    /// How many events match, as the relay says (NIP-45).
    /// - Throws: `CancellationError` only.
    func count(_ filter: Filter, timeout: Duration) async throws -> CountAnswer

    /// Sends one REQ and keeps it open. Pages, counts and reconciliations may be asked beside it.
    /// - Throws: `CancellationError` only; a relay that refuses is the first item of the feed.
    func follow(_ filter: Filter, budget: FeedBudget) async throws -> any RelayFeed

    /// What the connection has shown so far; after `close` too.
    func facts() async -> SessionFacts

    /// Closes the connection; calling it again does nothing.
    func close() async
}

/// What one page may hold and how long it may take. What is over ends the page as inconclusive.
public struct PageBudget: Sendable {
    /// EVENT messages.
    public var events: Int
    /// Bytes of event JSON.
    public var bytes: Int
    /// Time without any message.
    public var progressTimeout: Duration
    /// Time for the whole page.
    public var totalTimeout: Duration
    /// Bytes of events a minute, once some came; fewer end the page as too slow.
    public var bytesPerMinute = 10_000
    /// What is dated until then was stored before it was asked for; nil where nobody counts what comes too late.
    var storedUntil: UnixTime?
    /// What the page takes of the memory of all; nil where nobody counts.
    var loan: PageLoan?

    /// A budget.
    public init(events: Int, bytes: Int, progressTimeout: Duration, totalTimeout: Duration) {
        self.events = events
        self.bytes = bytes
        self.progressTimeout = progressTimeout
        self.totalTimeout = totalTimeout
    }
}

/// A page as received: raw event JSON, not parsed.
public struct RawPage: Sendable {
    /// Raw events in the order they arrived.
    public var chunks: [EventChunk]
    /// How the page ended.
    public var ending: PageEnding
    /// Why the connection broke, in a stable word, where it did: "keepalive_timeout".
    public var failure: String?
    /// What it holds of the memory of all.
    var loan: PageLoan?

    /// A page.
    public init(chunks: [EventChunk], ending: PageEnding, failure: String? = nil) {
        self.chunks = chunks
        self.ending = ending
        self.failure = failure
    }
}
