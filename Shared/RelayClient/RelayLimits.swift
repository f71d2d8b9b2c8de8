public import Nostr
public import Settings

/// Bounds of one connection to a relay, beside those of its subscriptions.
public struct RelayLimits: Sendable, Equatable {
    /// Of one message.
    public var message = MessageLimits()
    /// Subscriptions open at one time.
    public var maxSubscriptions = 20
    /// Reconciliations open at one time; each may hold one message of the relay.
    public var maxReconciliations = 4
    /// COUNTs open at one time.
    public var maxCounts = 4
    /// EVENTs of ours that wait for their OK at one time.
    public var maxPublications = 4
    /// How long a refused request waits for a challenge, and then for the OK of our answer (NIP-42).
    public var authenticationTimeout = Duration.seconds(5)
    /// NOTICEs within `noticeWindow`; one more ends the connection.
    public var maxNotices = 100
    /// See `maxNotices`.
    public var noticeWindow = Duration.seconds(10)
    /// Newest NOTICEs kept for whoever asks, each at most `message.textBytes`.
    public var keptNotices = 16
    /// Frames that are no relay message; one more ends the connection.
    public var maxBadMessages = 100
    /// EVENTs for subscription ids that we never used; one more ends the connection.
    public var maxForeignEvents = 1_000
    /// Messages within `noticeWindow` that answer nothing: challenges, and OK, EOSE, CLOSED, COUNT, NEG-MSG and NEG-ERR
    /// of nothing that is open; one more ends the connection. Relays that end everything twice stay far below it.
    public var maxStrays = 5_000
    /// Bytes of EVENTs and NEG-MSGs for requests that are over: what was under way when CLOSE was sent, and no more.
    public var maxLateBytes = 32 << 20
    /// How long collected events wait for more before they are handed on.
    public var flushDelay = Duration.milliseconds(2)

    /// The defaults above.
    public init() {}

    /// With what the core file says.
    public init(_ settings: LimitsSettings) {
        message.depth = settings.jsonDepth
        message.textBytes = settings.textBytes.bytes
    }
}
