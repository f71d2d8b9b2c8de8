public import Nostr

/// The decisions of one walk backwards through a relay's history: which page to ask for next, how far the
/// frontier may move, when the end is believed. Pure: no clock, no I/O.
///
/// The frontier `u` is the newest second not yet proven. Everything above it has been seen; second `u` itself
/// stays open, because a page may have been cut inside it. Each page asks `until = u`, inclusive, so that one
/// boundary second is read twice and no event that shares it is lost (NIP-01, NIP-67 on paging).
public struct WalkPlan: Sendable {
    /// What to do next.
    public enum Step: Sendable, Equatable {
        /// Ask the relay for this page and hand its facts to `absorb`.
        case ask(PageRequest)
        /// The walk is over.
        case finished(Verdict)
    }

    /// How a walk ended.
    public enum Verdict: Sendable, Equatable {
        /// Everything down to `lo` was shown; `byHint` when the relay said so itself (NIP-67 `finish`).
        case reachedEnd(byHint: Bool)
        /// Too many pages in a row proved nothing; the walk goes on at its frontier in a later visit.
        case inconclusive(InconclusiveReason)
        /// The relay answers in a way that pages cannot follow; the rest of the interval is a gap.
        case unpageable(CoverageReason)
    }

    /// What a page has proven. The frontier moves only in the transaction that stores the page.
    public struct Progress: Sendable, Equatable {
        /// The new frontier, or nil where it stays.
        public var frontier: UnixTime?
        /// A second that could not be read whole.
        public var saturatedSecond: UnixTime?

        /// Progress of one page.
        public init(frontier: UnixTime? = nil, saturatedSecond: UnixTime? = nil) {
            self.frontier = frontier
            self.saturatedSecond = saturatedSecond
        }
    }

    /// Bounds of a walk.
    public struct Limits: Sendable, Equatable {
        /// Events asked for a page.
        public var pageSize = 500
        /// Smallest page after halving on timeouts.
        public var smallestPage = 50
        /// Inconclusive pages in a row after which the visit ends.
        public var inconclusiveInARow = 3
        /// Empty answers of different shapes that confirm an end.
        public var endConfirmations = 3

        /// The defaults.
        public init() {}
    }

    private enum Mode: Sendable {
        case descending
        case confirmingEnd(answers: Int)
        case second(SecondPlan)
        case over(Verdict)
    }

    /// Oldest second of the interval, inclusive.
    public let lo: UnixTime
    /// Newest second not yet proven; nil until the first page of a walk without upper bound.
    public private(set) var frontier: UnixTime?
    /// Largest conclusive page of this relay so far, in events; 0 when unknown.
    public private(set) var capSeen: Int
    /// Events asked for a page, after adaptation.
    public private(set) var pageSize: Int

    private let limits: Limits
    private let liveAfter: UnixTime
    private var mode = Mode.descending
    private var inconclusive = 0
    private var timeouts = 0
    private var endsNeeded: Int

    /// A walk down to `lo`, from `frontier` (nil: from the newest event there is).
    /// - Parameter liveAfter: events from this second on may arrive live, out of order, before EOSE.
    public init(lo: UnixTime, frontier: UnixTime?, capSeen: Int, limits: Limits, liveAfter: UnixTime) {
        self.lo = lo
        self.frontier = frontier
        self.capSeen = capSeen
        self.limits = limits
        self.liveAfter = liveAfter
        pageSize = limits.pageSize
        endsNeeded = limits.endConfirmations
    }

    /// The next step; asking twice without `absorb` in between gives the same answer.
    public func next() -> Step {
        switch mode {
        case .over(let verdict): .finished(verdict)
        case .second(let plan): .ask(plan.request(limit: pageSize))
        case .descending: .ask(PageRequest(since: lowerBound, until: frontier, limit: pageSize))
        case .confirmingEnd(let answers): .ask(confirmation(answers))
        }
    }

    /// How the walk ended; nil while it goes on.
    public var verdict: Verdict? {
        if case .over(let verdict) = mode { verdict } else { nil }
    }

    /// Takes one page in and says what it proves.
    public mutating func absorb(_ facts: PageFacts) -> Progress {
        guard case .conclusive(let hint) = facts.ending else {
            absorbInconclusive(facts.ending)
            return Progress()
        }
        inconclusive = 0
        timeouts = 0
        capSeen = max(capSeen, facts.received)
        // The question without `since` is answered from below the interval where nothing is left inside: that confirms
        // the end, and is no reason to walk on down there.
        let facts = facts.countingAsOlder(below: lo)
        switch mode {
        case .over: return Progress()
        case .second(let plan): return absorbSecond(plan, facts)
        case .descending, .confirmingEnd: return absorbPage(facts, hint)
        }
    }

    /// Events asked for without a lower bound. Every visit of a relay that has nothing new is answered with so many, so
    /// a whole page of them would cost more than all else; where there is something, the walk goes on.
    private static let glance = 10

    private var lowerBound: UnixTime? { lo.seconds > 0 ? lo : nil }

    /// An end is believed after empty answers of different shapes: the same question, one event, no `since`.
    private func confirmation(_ answers: Int) -> PageRequest {
        switch answers % 3 {
        case 1: PageRequest(since: lowerBound, until: frontier, limit: 1)
        case 2: PageRequest(since: nil, until: frontier, limit: min(pageSize, Self.glance))
        default: PageRequest(since: lowerBound, until: frontier, limit: pageSize)
        }
    }

    private mutating func absorbInconclusive(_ ending: PageEnding) {
        guard case .inconclusive(let reason) = ending else { return }
        inconclusive += 1
        switch reason {
        case .authRequired, .restricted, .disconnected:
            mode = .over(.inconclusive(reason))
            return
        case .overBudget:
            guard pageSize > 1 else {
                mode = .over(.unpageable(.oversize))
                return
            }
            // A page that is too large says nothing about the relay's health: it only has to get smaller.
            inconclusive -= 1
            pageSize = max(1, pageSize / 2)
        case .timedOut:
            timeouts += 1
            if timeouts >= 2 { pageSize = max(limits.smallestPage, pageSize / 2) }
        case .rateLimited, .closed: break
        }
        if inconclusive >= limits.inconclusiveInARow { mode = .over(.inconclusive(reason)) }
    }

    private mutating func absorbPage(_ facts: PageFacts, _ hint: EOSEHint?) -> Progress {
        guard let oldest = facts.events.map(\.createdAt).min() else { return absorbEmpty(facts, hint) }
        if case .confirmingEnd = mode {
            // The relay contradicted its own "nothing more": believe it less easily from now on.
            endsNeeded += limits.endConfirmations
            mode = .descending
        }
        guard facts.newer == 0 else {
            mode = .over(.unpageable(.untilIgnored))
            return Progress()
        }
        guard isOrdered(facts.events) else {
            mode = .over(.unpageable(.unordered))
            return Progress()
        }
        if hint == .finish || facts.older > 0 {
            // An ordered answer that goes on below the interval was not cut inside it: `since` is ignored.
            mode = .over(.reachedEnd(byHint: hint == .finish))
            return Progress()
        }
        if let frontier, oldest >= frontier {
            mode = .second(SecondPlan(second: frontier, firstPage: facts.events, limit: pageSize))
            return Progress()
        }
        frontier = oldest
        return Progress(frontier: oldest)
    }

    private mutating func absorbEmpty(_ facts: PageFacts, _ hint: EOSEHint?) -> Progress {
        if facts.newer > 0 {
            mode = .over(.unpageable(.untilIgnored))
        } else if hint == .finish {
            mode = .over(.reachedEnd(byHint: true))
        } else if facts.older > 0 {
            // `since` was ignored and only older events came: nothing is left inside the interval.
            mode = .over(.reachedEnd(byHint: false))
        } else {
            let answers: Int
            if case .confirmingEnd(let before) = mode { answers = before + 1 } else { answers = 1 }
            mode = answers >= endsNeeded ? .over(.reachedEnd(byHint: false)) : .confirmingEnd(answers: answers)
        }
        return Progress()
    }

    private mutating func absorbSecond(_ plan: SecondPlan, _ facts: PageFacts) -> Progress {
        var plan = plan
        switch plan.absorb(facts, limit: pageSize, capSeen: capSeen) {
        case .more:
            mode = .second(plan)
            return Progress()
        case .proven: return leaveSecond(plan.second, saturated: false)
        case .saturated: return leaveSecond(plan.second, saturated: true)
        }
    }

    private mutating func leaveSecond(_ second: UnixTime, saturated: Bool) -> Progress {
        guard second > lo else {
            mode = .over(.reachedEnd(byHint: false))
            return Progress(saturatedSecond: saturated ? second : nil)
        }
        let below = UnixTime(seconds: second.seconds - 1)
        frontier = below
        mode = .descending
        return Progress(frontier: below, saturatedSecond: saturated ? second : nil)
    }

    /// Newest first, ties in any order. Events that arrived live before EOSE are no contradiction.
    private func isOrdered(_ events: [EventStamp]) -> Bool {
        var newestAllowed = UnixTime(seconds: .max)
        for event in events where event.createdAt < liveAfter {
            if event.createdAt > newestAllowed { return false }
            newestAllowed = event.createdAt
        }
        return true
    }
}
