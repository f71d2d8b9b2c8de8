import RelayClient
import Support
import SyncEngine

/// What a simulated relay does wrong. The default does nothing wrong.
struct Vices: Sendable, CustomStringConvertible {
    /// Most events of an answer, whatever was asked for.
    var cap = 500
    /// The same from `capFallsAt` on.
    var laterCap: Int?
    var ignoresSince = false
    var ignoresUntil = false
    /// Its bounds leave their own second out.
    var isSinceExclusive = false
    var isUntilExclusive = false
    var ignoresLimit = false
    /// Answers with events of any kind.
    var ignoresKinds = false
    var order = Order.newestFirst
    /// Shares of requests, 0 to 1.
    var timeouts = 0.0
    var disconnects = 0.0
    var refusals = 0.0
    /// What the refusals say.
    var refusal = InconclusiveReason.rateLimited
    /// From then on it refuses nobody.
    var opensAt: Duration?
    /// Answers that would show one of these seconds end like this instead.
    var withheld: (seconds: ClosedRange<Int64>, reason: InconclusiveReason)?
    /// NOTICEs until the connection is given up.
    var floods = 0.0
    /// A NOTICE of a rate limit beside an answer.
    var warnings = 0.0
    /// Answers that end early as if they were whole.
    var earlyEnds = 0.0
    /// Share of the events of an answer that are left out.
    var omissions = 0.0
    /// Share of the events of an answer whose signature is changed.
    var forgeries = 0.0
    /// Share of those that come under another valid signature.
    var resignings = 0.0
    /// Each event of an answer comes twice: forged, and then as it is or under another valid signature.
    var copies = false
    /// Requests beside which one event goes and another one comes that says it is old.
    var churn = 0.0
    /// Events outside the filter added to each answer.
    var strays = 0
    /// Each event of an answer comes twice.
    var repeats = false
    /// NIP-67.
    var hints = Hints.none
    /// NIP-77.
    var sets = Sets.compared
    /// NIP-45.
    var counts = Counts.unknown
    /// What it holds beside the usual.
    var holdings = Holdings()
    /// Names of what is set, for a failure's message.
    var names: [String] = []
    /// What becomes of it, where nothing else is wrong with it.
    var expected = Expected()

    static let capFallsAt = Duration.seconds(2_000)

    enum Sets: Sendable {
        case compared
        /// Silence instead of an answer.
        case unknown
        /// Refused above so many events.
        case limited(Int)
        /// Claims events that it does not deliver.
        case lies(Int)
        /// Claims so many of its events for times that are not theirs.
        case misplaced(Int)
        /// Never comes to an end.
        case endless
        /// Breaks the protocol: bounds that fall.
        case malformed
        /// Lacks each so many-th event that pages show.
        case partial(Int)
        /// Claims its events for so many seconds later.
        case shifted(Int64)
        /// Compares so often, and from then on closes the connection instead.
        case breaks(after: Int)
        /// Compares so often, and says then that it cannot.
        case ends(after: Int)
    }

    enum Order: Sendable { case newestFirst, oldestFirst, randomSubset }

    enum Hints: Sendable {
        case none
        case honest
        /// Whatever there is.
        case alwaysFinish
        case alwaysMore
    }

    enum Counts: Sendable {
        case unknown
        case exact
        case approximate
        /// So many too many, or too few.
        case wrong(Int)
        /// A number that cannot be.
        case impossible
    }

    /// Events that a relay has beside those of every relay.
    struct Holdings: Sendable {
        /// Shares of all events.
        var badIDs = 0.0
        var badSignatures = 0.005
        var garbage = 0.0
        /// What the database does not take.
        var poison = 0.0
        /// Bytes that each event's content has beside.
        var padding = 0
        /// Events of one author and kind within one second.
        var crowd = 0
        /// Events dated later than now, up to thousands of years.
        var future = 0
        /// Events larger than a message may be.
        var oversized = 0
        /// Likewise, dated a year ahead.
        var oversizedAhead = 0
    }

    /// What is expected of a relay with one vice.
    struct Expected: Sendable {
        /// What may become of most of its seconds; empty where nothing is ever known of it.
        var states: [CoverageState] = [.sealed]
        /// What its seals rest on; nil where that is open.
        var proof: CoverageProof?
        /// What the quarantine must have got.
        var rejected: String?
        /// Why visits fail, at the end.
        var error: String?
        /// Part of it is a gap for this reason.
        var gap: CoverageReason?
        /// Visits at most.
        var visits: Int?
    }

    /// Pages cannot follow it.
    var isUnpageable: Bool { ignoresUntil }
    /// It leaves the same event out of two passes now and then: what fools every reader is judged by its share.
    var hidesAtRandom: Bool {
        omissions > 0 || forgeries > 0 || (order == .randomSubset && (hints != .none || earlyEnds > 0))
    }
    /// It shows everything it holds to whoever asks properly.
    var isHonest: Bool {
        earlyEnds == 0 && omissions == 0 && forgeries == 0 && order == .newestFirst && !ignoresUntil
            && holdings.oversized == 0 && (hints == .none || hints == .honest)
    }

    var description: String { names.isEmpty ? "well-behaved" : names.joined(separator: "+") }
}
