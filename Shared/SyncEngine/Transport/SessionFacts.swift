/// What a connection has shown beside the answers to what was asked: for calibration and for metrics.
public struct SessionFacts: Sendable, Equatable {
    /// The relay's address as text; nil where it is not known, as behind a proxy.
    public var remoteAddress: String?
    /// Bytes of WebSocket frames received.
    public var bytesReceived = 0
    /// NOTICEs.
    public var notices = 0
    /// NOTICEs that speak of a rate limit.
    public var rateNotices = 0
    /// NOTICEs that speak of too many subscriptions at a time.
    public var subscriptionNotices = 0
    /// AUTH challenges (NIP-42).
    public var challenges = 0
    /// What the relay said to our AUTH; nil when we sent none, or it said nothing.
    public var isAuthenticated: Bool?
    /// EVENTs of subscription ids that we never used.
    public var foreignEvents = 0
    /// EVENTs for a subscription that is over.
    public var lateEvents = 0
    /// Answers about the past whose EOSE came before their events.
    public var earlyEnds = 0
    /// EOSE, CLOSED, COUNT, NEG-MSG and NEG-ERR for ids that are not open.
    public var strayEnds = 0
    /// Frames that are no relay message.
    public var badMessages = 0

    /// Nothing was seen.
    public init() {}
}

extension SessionFacts {
    /// How often the relay sent what nobody had asked for, by a stable word for logs and metrics; nothing that it did
    /// not do.
    var oddities: [String: Int] {
        let counts = [
            "foreign_event": foreignEvents, "late_event": lateEvents, "early_end": earlyEnds, "stray_end": strayEnds,
            "bad_message": badMessages, "notice": notices, "challenge": challenges,
        ]
        return counts.filter { $0.value > 0 }
    }
}
