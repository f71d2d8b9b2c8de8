public import Nostr

/// What a reconciliation brings, one after the other.
public enum ReconciliationItem: Sendable, Equatable {
    /// The relay's message, as binary. Nothing follows until it is answered.
    case message([UInt8])
    /// Nothing follows; asked again, the same end comes again.
    case end(ReconciliationEnd)
}

/// How a reconciliation ended that our side did not end. Texts are cut at 512 bytes.
public enum ReconciliationEnd: Sendable, Equatable {
    /// NEG-ERR; `maxRecords` is what the relay would reconcile at most, where it says so.
    case refused(prefix: ReasonPrefix?, message: String, maxRecords: Int64?)
    /// CLOSED for our id, with a reason that says nothing about negentropy itself.
    case closed(prefix: ReasonPrefix?, message: String)
    /// The relay does not reconcile: instead of the first answer came a NOTICE or a CLOSED with this text, or nothing.
    case unsupported(String)
    /// The relay spoke of a rate limit and then said nothing.
    case rateLimited
    /// No answer in time, after there had been one.
    case timedOut
    /// More rounds or bytes than the limits allow.
    case overBudget
    /// The relay broke the protocol: a stable word that says how.
    case malformed(String)
    /// The connection ended, or was ended because of what the relay did.
    case broken(RelayError)
    /// `close()` was called.
    case cancelled
}

/// Bounds of one reconciliation. What is over ends it, and the end says which bound it was.
public struct ReconciliationLimits: Sendable, Equatable {
    /// Longest wait for the first answer. A relay that knows no negentropy may say nothing at all, and one that keeps
    /// no tree reads its whole set first.
    public var firstAnswerTimeout = Duration.seconds(30)
    /// Longest wait for each later answer.
    public var answerTimeout = Duration.seconds(30)
    /// Most messages of the relay.
    public var maxRounds = 64
    /// Most bytes of messages in both directions, as binary; on the wire they are twice as many.
    public var maxBytes = 32 << 20

    /// The defaults above.
    public init() {}
}
