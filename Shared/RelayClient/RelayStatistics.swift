/// What a connection has seen so far beside the events that were asked for.
public struct RelayStatistics: Sendable, Equatable {
    /// Bytes of WebSocket frames received.
    public internal(set) var bytesReceived = 0
    /// Whether the socket is not read, because a subscription has as much waiting as it may.
    public internal(set) var isPaused = false
    /// EVENTs handed to subscriptions.
    public internal(set) var events = 0
    /// EVENTs for a subscription that is over.
    public internal(set) var lateEvents = 0
    /// Subscriptions whose EOSE came before stored events (`SubscriptionLimits.storedUntil`).
    public internal(set) var earlyEnds = 0
    /// Bytes of the JSON of late events, and of NEG-MSGs for reconciliations that are over.
    public internal(set) var lateBytes = 0
    /// EVENTs for subscription ids that we never used.
    public internal(set) var foreignEvents = 0
    /// EOSE, CLOSED, COUNT, NEG-MSG and NEG-ERR that came twice, or for ids that are not open.
    public internal(set) var strayEnds = 0
    /// Frames that are no relay message.
    public internal(set) var badMessages = 0
    /// NOTICEs.
    public internal(set) var noticeCount = 0
    /// NOTICEs that speak of a rate limit.
    public internal(set) var rateNotices = 0
    /// NOTICEs that speak of too many subscriptions at a time.
    public internal(set) var subscriptionNotices = 0
    /// The newest NOTICEs, newest last. Some relays refuse a REQ with nothing but one of these.
    public internal(set) var notices: [String] = []
    /// AUTH challenges (NIP-42).
    public internal(set) var challengeCount = 0
    /// What the relay said to our AUTH; nil while it has said nothing.
    public internal(set) var isAuthenticated: Bool?
}
