public import RelayClient

/// A subscription that stays open: what the relay has stored, and then what it stores from now on. One task reads it.
public protocol RelayFeed: Sendable {
    /// Waits for the next item. After the end, the end again.
    /// - Throws: `CancellationError` only; the next call loses nothing.
    func next() async throws -> FeedItem
    /// Ends it and tells the relay; calling it again does nothing. Without it, it ends with the last reference.
    func close() async
}

/// What a feed brings, one after the other.
public enum FeedItem: Sendable, Equatable {
    /// Raw events in the order they arrived, not parsed.
    case events(EventChunk)
    /// All stored events were sent (EOSE); what follows is new. Comes once.
    case caughtUp
    /// Nothing follows. `.overBudget` says that events may have been missed, because the reader or the budget did not
    /// keep up; after our own `close` it is `.disconnected`.
    case end(InconclusiveReason)
}

/// Bounds of one feed. What is over ends it.
public struct FeedBudget: Sendable, Equatable {
    /// EVENT messages before `.caughtUp`.
    public var storedEvents: Int
    /// Bytes of event JSON before `.caughtUp`.
    public var storedBytes: Int
    /// Time without any message before `.caughtUp`; later a feed may be silent for as long as it likes.
    public var progressTimeout: Duration
    /// Bytes of events that may wait for `next`. Over it the feed ends, so that pages on the same connection never wait
    /// for its reader.
    public var waitingBytes: Int

    /// A budget.
    public init(storedEvents: Int, storedBytes: Int, progressTimeout: Duration, waitingBytes: Int = 8 << 20) {
        self.storedEvents = storedEvents
        self.storedBytes = storedBytes
        self.progressTimeout = progressTimeout
        self.waitingBytes = waitingBytes
    }
}
