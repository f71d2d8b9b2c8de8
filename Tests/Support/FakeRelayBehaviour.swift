/// What a fake relay does wrong; the default does nothing wrong. May be changed while the relay runs: each REQ is
/// answered
/// by the behaviour of its moment, each upgrade too.
public struct FakeRelayBehaviour: Sendable {
    /// How a REQ is answered.
    public enum Answer: Sendable {
        /// Stored events, then EOSE, then new events as they are published.
        case normal
        /// Not at all.
        case silent
        /// With its events, without EOSE.
        case neverEOSE
        /// With so many of its events, then EOSE as if that were all.
        case earlyEOSE(after: Int)
        /// With CLOSED and this message ("auth-required: ...").
        case closed(String)
        /// With so many events, then the TCP connection ends.
        case disconnect(afterEvents: Int)
        /// One byte of the answer at a time.
        case drip(every: Duration)
        /// With stored events over and over (or made-up ones), without end, as fast as they are taken.
        case endless
        /// With so many text frames that are not JSON, then as usual.
        case garbage(Int)
        /// With these bytes on the socket, whatever they mean there, then nothing.
        case raw([UInt8])
        /// With the header of a text frame of so many bytes, then nothing.
        case oversized(UInt64)
        /// With so many NOTICEs, then as usual.
        case notices(Int)
        /// With an event that is not UTF-8, then as usual.
        case invalidUTF8
    }

    /// Which of the matching events are sent, and in which order.
    public enum Order: Sendable {
        /// The newest, newest first, ties lowest id first (NIP-01).
        case newestFirst
        /// The oldest, oldest first.
        case oldestFirst
        /// Any of them, another choice each time, newest first.
        case randomSubset
    }

    /// See `Answer`.
    public var answer = Answer.normal
    /// See `Order`.
    public var order = Order.newestFirst
    /// Most events of one filter, whatever its limit says.
    public var cap = 500
    /// Answers as if `since` were absent.
    public var ignoresSince = false
    /// Answers as if `until` were absent.
    public var ignoresUntil = false
    /// Uses another subscription id in everything it answers.
    public var changesSubscriptionID = false
    /// Stored events that do not match, sent after those that do.
    public var strays = 0
    /// How often EOSE is sent.
    public var eoseCopies = 1
    /// Sends the hint of NIP-67: `finish` when everything was sent, `more` when the cap cut it.
    public var sendsHint = false
    /// Time before an answer begins.
    public var delay = Duration.zero
    /// Sent as AUTH in the same segment as the 101.
    public var challenge: String?
    /// Takes REQs that come after an AUTH only; others get CLOSED "auth-required: ". Needs `challenge`.
    public var requiresAuth = false
    /// Keeps the TCP connection and does nothing more on it, no pong either, from the first message on.
    public var isHalfOpen = false
    /// Answers the upgrade with this status instead of 101.
    public var upgradeStatus: Int?
    /// Headers of that answer.
    public var upgradeHeaders: [(String, String)] = []

    /// A relay without a fault.
    public init() {}

    /// A relay whose only fault is this answer.
    public init(_ answer: Answer) { self.answer = answer }
}
