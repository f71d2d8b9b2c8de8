public import Nostr

/// What one reconciliation may cost. What is over ends it as inconclusive.
public struct ReconciliationBudget: Sendable, Equatable {
    /// Longest wait for the relay's first message; without one the relay does not reconcile. Relays that keep no tree
    /// read their whole set first.
    public var firstAnswerTimeout: Duration
    /// Longest wait for each later message.
    public var progressTimeout: Duration
    /// Most messages of the relay.
    public var rounds: Int
    /// Most bytes of messages in both directions, as binary; on the wire they are twice as many.
    public var bytes: Int

    /// A budget.
    public init(firstAnswerTimeout: Duration, progressTimeout: Duration, rounds: Int = 64, bytes: Int = 32 << 20) {
        self.firstAnswerTimeout = firstAnswerTimeout
        self.progressTimeout = progressTimeout
        self.rounds = rounds
        self.bytes = bytes
    }
}

/// How a reconciliation ended. Only `finished` says that the sets were compared to their end.
public enum ReconciliationEnding: Sendable, Equatable {
    /// Our side had nothing more to ask.
    case finished
    /// The relay will not reconcile this (NEG-ERR, or CLOSED with a policy's prefix). The message is cut at 512 bytes;
    /// `maxRecords` is strfry's fourth element, the most records it would reconcile. See `isTooLarge`.
    case refused(prefix: ReasonPrefix?, message: String, maxRecords: Int64? = nil)
    /// The relay does not reconcile at all: it said so instead of its first message.
    case unsupported
    /// Nothing came instead of its first message.
    case silent
    /// Nothing is known of what was not reported so far.
    case inconclusive(InconclusiveReason)
    /// The relay broke the protocol: "bad_hex", "unexpected_message", or the kind of the `NegentropyError` that `reply`
    /// threw.
    case malformed(String)

    /// Why it came to no end, as a stable word for logs and metrics; nil for one that finished.
    var failure: String? {
        switch self {
        case .finished: nil
        case .refused: "refused"
        case .unsupported: "unsupported"
        case .silent: "silent"
        case .inconclusive(let reason): reason.rawValue
        case .malformed(let kind): kind
        }
    }

    /// Whether a smaller interval could be reconciled where this one was refused. Other refusals hold for any interval:
    /// to split for them would end in single seconds.
    public var isTooLarge: Bool {
        guard case .refused(let prefix, let message, let maxRecords) = self else { return false }
        if maxRecords != nil { return true }
        guard prefix == .blocked || prefix == .error || prefix == nil else { return false }
        let words = message.lowercased()
        return ["too many", "too large", "too big", "max_sync_events"].contains(where: words.contains)
    }
}
