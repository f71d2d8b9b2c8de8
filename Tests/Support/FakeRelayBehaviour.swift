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

    /// How NEG-OPEN and NEG-MSG are answered (NIP-77).
    public enum Reconciling: Sendable {
        /// By the protocol, with every stored event that matches and the phantoms.
        case normal
        /// Not at all.
        case ignored
        /// With this NOTICE.
        case notice(String)
        /// With CLOSED and this message.
        case closed(String)
        /// With NEG-ERR, this reason and, where there is one, a number behind it.
        case error(String, Int64?)
        /// With a fingerprint of nothing that exists, so that it never ends.
        case endless
        /// With a NEG-MSG that carries this text.
        case text(String)
        /// By the protocol so many times, then not at all.
        case silent(after: Int)
        /// By the protocol so many times, then the TCP connection ends.
        case disconnect(after: Int)
    }

    /// How COUNT is answered (NIP-45).
    public enum Counting: Sendable {
        /// With the number of stored events that match, the phantoms too.
        case exact
        /// With this text in place of the object.
        case object(String)
        /// With CLOSED and this message.
        case closed(String)
        /// With this NOTICE.
        case notice(String)
        /// Not at all.
        case ignored
    }

    /// How AUTH is answered (NIP-42).
    public enum Authenticating: Sendable {
        /// OK true.
        case accepts
        /// OK false with this message.
        case refuses(String)
        /// Not at all, and nobody is let in.
        case ignores
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
    /// Takes requests that come after an AUTH only; others are refused with "auth-required: ".
    public var requiresAuth = false
    /// See `Authenticating`.
    public var authenticating = Authenticating.accepts
    /// Sent as AUTH behind the first refusal, by relays that do not challenge on connecting.
    public var lateChallenge: String?
    /// Sends one more challenge after each AUTH.
    public var challengesAgain = false
    /// What REQs get as CLOSED even after an AUTH.
    public var refusalAfterAuth: String?
    /// See `Reconciling`.
    public var reconciling = Reconciling.normal
    /// See `Counting`.
    public var counting = Counting.exact
    /// Events that it claims to have and never sends.
    public var phantoms: [SampleEvent] = []
    /// Sent as NOTICE before every answer to a REQ.
    public var noticeBeforeAnswer: String?
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
