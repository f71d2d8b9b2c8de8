public import Crypto

/// What a fake relay does wrong; the default does nothing wrong. May be changed while the relay runs: each REQ is
/// answered by the behaviour of its moment, each upgrade too.
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
        /// With these texts, in which "$" stands for the subscription id, then as usual.
        case preceded(by: [String])
        /// As `endless`, but minds CLOSE.
        case endlessUntilClosed
        /// One event at a time.
        case trickle(every: Duration)
        /// With a text that never ends, in fragments of so many bytes.
        case endlessFragments(of: Int)
        /// With pings as fast as they go out, while nothing more is read.
        case pings
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
        /// By the protocol, without each so many-th event.
        case partial(lacking: Int)
        /// By the protocol, each event so many seconds later than it is.
        case shifted(by: Int64)
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

    /// How EVENT is answered.
    public enum Taking: Sendable {
        /// OK true.
        case accepts
        /// OK false with this message.
        case refuses(String)
        /// OK false with this message for these kinds, OK true for the others.
        case refusesKinds([Int], String)
        /// OK false to ids with fewer leading zero bits (NIP-13).
        case needsWork(bits: Int)
        /// Not at all.
        case ignores
        /// OK true for an id that nobody sent.
        case answersAnother
        /// The TCP connection ends.
        case disconnects
        /// With so many NOTICEs and nothing else.
        case notices(Int)
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
    /// `since` and `until` leave their own second out.
    public var hasExclusiveBounds = false
    /// Answers that take the place of `answer`, each to its share of the REQs; which ones follows from their number.
    public var chances: [(share: Double, answer: Answer)] = []
    /// Share of the chosen events that is left out of an answer, others each time.
    public var omissions = 0.0
    /// What comes and goes before the REQ of this number, counted from 0, is answered.
    public var changes: (@Sendable (_ request: Int) -> (new: [SampleEvent], gone: Set<Bytes32>))?
    /// Uses another subscription id in everything it answers.
    public var changesSubscriptionID = false
    /// Stored events that do not match, sent after those that do.
    public var strays = 0
    /// These are older than what was asked for, never newer.
    public var straysAreOlder = false
    /// How often EOSE is sent.
    public var eoseCopies = 1
    /// EOSE comes first and the events after it.
    public var endsBeforeEvents = false
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
    public var counting = Counting.closed("error: COUNT is not known here")
    /// See `Taking`.
    public var taking = Taking.accepts
    /// Events that it claims to have and never sends.
    public var phantoms: [SampleEvent] = []
    /// Sent as NOTICE before every answer to a REQ.
    public var noticeBeforeAnswer: String?
    /// Keeps the TCP connection and does nothing more on it, no pong either, from the first message on.
    public var isHalfOpen = false
    /// Reads nothing after the first message, so that what is sent to it piles up.
    public var stopsReading = false
    /// Resets each connection after so many bytes of its answer to the upgrade as the last part of the path says.
    public var cutsHandshake = false
    /// Answers the upgrade with this status instead of 101.
    public var upgradeStatus: Int?
    /// Headers of that answer, or more headers of the 101.
    public var upgradeHeaders: [(String, String)] = []

    /// The information document (NIP-11): given to every request that is no upgrade, after `delay`.
    public var information: String?

    /// A relay without a fault.
    public init() {}

    /// A relay whose only fault is this answer.
    public init(_ answer: Answer) { self.answer = answer }

    /// What the REQ of this number gets.
    func drawn(_ request: Int) -> FakeRelayBehaviour {
        guard !chances.isEmpty else { return self }
        var random = SplitMix64(seed: UInt64(request) &* 0x9E37 &+ 7)
        var left = Double.random(in: 0..<1, using: &random)
        var drawn = self
        for (share, answer) in chances {
            if left < share {
                drawn.answer = answer
                break
            }
            left -= share
        }
        return drawn
    }
}
