public import Nostr

/// Bounds of one subscription. What is over ends it, and the end says which bound it was.
public struct SubscriptionLimits: Sendable, Equatable {
    /// Events taken before the subscription ends over budget.
    public var maxEvents = 10_000
    /// Bytes of event JSON taken before it ends over budget.
    public var maxBytes = 32 << 20
    /// Longest silence before EOSE.
    public var progressTimeout = Duration.seconds(30)
    /// Longest time from REQ to EOSE; nil = as long as there is progress.
    public var totalTimeout: Duration? = .seconds(300)
    /// A relay that sends events, but fewer bytes than this in a `rateWindow`, is too slow to wait for.
    public var minimumBytes = 10_000
    /// The time over which `minimumBytes` is measured.
    public var rateWindow = Duration.seconds(60)
    /// Bytes of events that may wait for `next()`; over it the socket is not read, and no timeout runs. See
    /// `endsWhenFull`.
    public var bufferedBytes = 2 << 20
    /// Over `bufferedBytes` the subscription ends over budget, and the socket is read on: for readers that may be
    /// behind, on connections with other requests that must not wait for them.
    public var endsWhenFull = false
    /// Events that claim to be this old are stored ones: they may come before EOSE alone, and
    /// `RelayStatistics.earlyEnds` counts where more do; nil where nobody wants to know.
    public var storedUntil: UnixTime?
    /// Goes on after EOSE with what the relay stores from now on; EOSE then comes as `.caughtUp`,
    /// and budgets and timeouts hold up to there only.
    public var keepsOpen = false

    /// The defaults above.
    public init() {}
}
