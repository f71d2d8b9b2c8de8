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
        /// Seconds above the new frontier that could not be read whole.
        public var gap: Gap?

        /// Progress of one page.
        public init(frontier: UnixTime? = nil, gap: Gap? = nil) {
            self.frontier = frontier
            self.gap = gap
        }
    }

    /// Seconds that were passed over, and why.
    public struct Gap: Sendable, Equatable {
        /// Oldest second, inclusive.
        public var lo: UnixTime
        /// Newest second, inclusive.
        public var hi: UnixTime
        /// Why they could not be read.
        public var reason: CoverageReason
        /// What was seen of them all the same.
        public var seen = Seen()

        /// A gap.
        public init(lo: UnixTime, hi: UnixTime, reason: CoverageReason) {
            self.lo = lo
            self.hi = hi
            self.reason = reason
        }
    }

    /// What answers showed of what could not be read whole.
    public struct Seen: Sendable, Equatable {
        /// Answers that were whole in themselves.
        public var pages = 0
        /// Events in them that lie inside; of answers to the same question the most that one had.
        public var items = 0

        /// Nothing.
        public init() {}
    }

    /// Bounds of a walk.
    public struct Limits: Sendable, Equatable {
        /// Events asked for a page.
        public var pageSize = 500
        /// Events asked for a page at most: after full answers a page grows again.
        public var largestPage = 500
        /// Smallest page after halving on timeouts.
        public var smallestPage = 50
        /// Inconclusive pages in a row after which the visit ends.
        public var inconclusiveInARow = 3
        /// Empty answers of different shapes that confirm an end.
        public var endConfirmations = 3
        /// How far in the future events may be dated and still be walked through one by one, in seconds.
        public var clockSlack: Int64 = 3_600

        /// The defaults.
        public init() {}
    }

    enum Mode: Sendable {
        case descending
        case confirmingEnd(answers: Int)
        case second(SecondPlan)
        case probing(OutlierProbe)
        case checkingOrder(OrderCheck)
        case checkingFinish(FinishCheck)
        case splitting(SplitPlan)
        case over(Verdict)
    }

    /// Oldest second of the interval, inclusive.
    public let lo: UnixTime
    /// Newest second not yet proven; nil until the first page of a walk without upper bound.
    public internal(set) var frontier: UnixTime?
    /// Largest conclusive page of this relay so far, in events; 0 when unknown.
    public private(set) var capSeen: Int
    /// Events asked for a page, after adaptation.
    public internal(set) var pageSize: Int

    /// Which events are asked for.
    let archive: ArchiveFilter
    let limits: Limits
    let liveAfter: UnixTime
    var mode = Mode.descending
    var inconclusive = 0
    var timeouts = 0
    var endsNeeded: Int
    var disorders = 0
    /// How often answers denied each other.
    public internal(set) var contradictions = 0
    /// How often an answer that was clearly smaller than others was not the last.
    public private(set) var shortAnswers = 0
    /// Every conclusive page so far said by NIP-67 whether there is more.
    public private(set) var isHinted = true
    /// Seconds above the frontier that were passed over because what stands there is too large; nil where none may be.
    var passed: Int64?
    /// The newest event that there is, alone and asked for without a bound, was too large for a message.
    public internal(set) var isCutAhead = false
    /// What was shown since the frontier moved.
    var seenHere = Seen()
    /// What is known of the order of the relay's pages.
    public internal(set) var order: RelayOrder
    let now: UnixTime
    /// The relay said `more` and showed nothing, or denied itself otherwise, in an earlier walk.
    private let deniesMore: Bool
    /// The relay said `finish` and had more, or is not to be believed at its word: it is not heard any more.
    var deniesFinish: Bool
    /// Seconds that held an answer's worth of events in an earlier visit, of a relay whose pages are in no order.
    private let earlierSpan: Int64?
    private var isLastShort = false
    private var lastSize = 0
    /// A page as large as the relay's largest was not its last.
    private(set) var isCapMet = false
    private var isLastBeyond = false
    /// Kinds of the events so far.
    private(set) var kindsMet: Set<UInt16> = []
    /// The kinds that the relay has, once a crowded second needed to know.
    var census: KindCensus?
    /// Events that the last answer was asked for.
    private(set) var asked = 0
    /// Windows that are left while one of their seconds is read by itself.
    var resumed: SplitPlan?

    /// A walk down to `lo`, from `frontier` (nil: from the newest event there is).
    /// - Parameters:
    ///   - now: by the database's clock.
    ///   - liveAfter: events from this second on may arrive live, out of order, before EOSE.
    ///   - archive: which events are asked for; `lo` and `frontier` lie within its range.
    ///   - isDoubted: earlier walks met answers that denied each other, or ended early.
    ///   - deniesMore: answers that denied each other.
    ///   - span: of an earlier walk, its `span`.
    ///   - passed: seconds right above `frontier` that an earlier walk passed over because what stands there is too
    ///     large; nil where the walk is to end before such.
    public init(
        lo: UnixTime, frontier: UnixTime?, capSeen: Int, limits: Limits, liveAfter: UnixTime, now: UnixTime,
        order: RelayOrder = .unknown, archive: ArchiveFilter = .everything, isDoubted: Bool = false,
        deniesMore: Bool = false, span: Int64? = nil, passed: Int64? = nil
    ) {
        self.lo = lo
        self.frontier = frontier
        self.capSeen = capSeen
        self.limits = limits
        self.liveAfter = liveAfter
        self.now = now
        self.order = order
        self.archive = archive
        deniesFinish = isDoubted
        self.deniesMore = deniesMore
        earlierSpan = span
        self.passed = passed
        pageSize = limits.pageSize
        endsNeeded = limits.endConfirmations
        if order == .unordered { mode = .splitting(windows(below: frontier)) }
    }

    /// The next step; asking twice without `absorb` in between gives the same answer.
    public func next() -> Step {
        guard case .ask(let request) = step else { return step }
        return .ask(archive.narrow(request))
    }

    private var step: Step {
        switch mode {
        case .over(let verdict): .finished(verdict)
        case .second(let plan): .ask(plan.request(limit: pageSize))
        case .descending: .ask(PageRequest(since: lowerBound, until: frontier, limit: pageSize))
        case .confirmingEnd(let answers): .ask(confirmation(endQuestion(after: answers)))
        case .probing(let probe): .ask(probe.request(limit: pageSize))
        case .checkingOrder(let check): .ask(check.request)
        case .checkingFinish(let check): .ask(check.request)
        case .splitting(let plan): .ask(plan.request(limit: pageSize))
        }
    }

    /// How the walk ended; nil while it goes on.
    public var verdict: Verdict? {
        if case .over(let verdict) = mode { verdict } else { nil }
    }

    /// Takes one page in and says what it proves.
    public mutating func absorb(_ facts: PageFacts) -> Progress {
        guard case .conclusive(let word) = facts.ending else {
            return absorbInconclusive(facts.ending, endsConnection: facts.endsConnection)
        }
        let hint = word.flatMap { isHeard($0, facts) ? $0 : nil }
        if word == .more, hint == nil, facts.isEmpty { contradictions += 1 }
        if hint != .more || !facts.isEmpty { inconclusive = 0 }
        timeouts = 0
        if !facts.events.isEmpty { passed = passed.map { _ in 0 } }
        if hint == nil { isHinted = false }
        capSeen = max(capSeen, facts.received)
        seenHere.pages += 1
        seenHere.items = max(seenHere.items, facts.events.count)
        asked = pageSize
        kindsMet.formUnion(facts.events.map(\.kind))
        // The question without `since` is answered from below the interval where nothing is left inside: that confirms
        // the end, and is no reason to walk on down there.
        let facts = facts.countingAsOlder(below: lo)
        if facts.received - facts.older >= pageSize {
            pageSize = min(max(pageSize, limits.largestPage), pageSize * 2)
        }
        if isNarrow, isBlind(facts) {
            mode = .over(.unpageable(.untilIgnored))
            return Progress()
        }
        switch mode {
        case .over: return Progress()
        case .second(let plan): return absorbSecond(plan, facts)
        case .probing(let probe): return absorbProbe(probe, facts)
        case .checkingOrder(let check): return absorbOrderCheck(check, facts, hint)
        case .checkingFinish(let check): return absorbFinishCheck(check, facts)
        case .splitting(let plan): return absorbWindow(plan, facts)
        case .descending:
            noteLength(facts, hint)
            return checksOrder(facts, hint) ? Progress() : absorbPage(facts, hint)
        case .confirmingEnd(let answers): return absorbConfirmation(answers, facts, hint)
        }
    }

    private func isHeard(_ word: EOSEHint, _ facts: PageFacts) -> Bool {
        switch word {
        // A whole page may have been cut in the middle of its oldest second, and nothing below would show it.
        case .finish: !deniesFinish && facts.received < pageSize
        // One that says so for ever would never be read to its end: what is left is asked for in other ways.
        case .more: !deniesMore
        }
    }

    /// Windows for a relay whose pages are in no order.
    func windows(below top: UnixTime?) -> SplitPlan { SplitPlan(lo: lo, top: top, now: now, span: earlierSpan) }

    /// Seconds that hold an answer's worth of events, where the relay is read in windows; nil while that is not known.
    public var span: Int64? {
        let plan = if case .splitting(let plan) = mode { plan } else { resumed }
        return plan?.span ?? earlierSpan
    }

    /// The question under way is about a part of the interval, not about everything from the frontier down.
    private var isNarrow: Bool {
        switch mode {
        case .second, .probing, .splitting: true
        default: false
        }
    }

    /// An answer from above the interval that is as large as answers get: it may not have come down to the interval.
    private func isBlind(_ facts: PageFacts) -> Bool {
        facts.newer > 0 && SecondPlan.mayBeCut(facts.received - facts.older, limit: asked, capSeen: capSeen)
    }

    /// A page well below the others says that nothing follows, and so does one with events from below the interval.
    /// Where something does, the relay ends its answers early, or adds what nobody asked for.
    private mutating func noteLength(_ facts: PageFacts, _ hint: EOSEHint?) {
        let goesOn = facts.events.contains { event in frontier.map { event.createdAt < $0 } ?? false }
        if isLastShort, goesOn { shortAnswers += 1 }
        if goesOn, lastSize == capSeen { isCapMet = true }
        lastSize = facts.received
        if isLastBeyond, goesOn { contradictions += 1 }
        isLastBeyond = facts.older > 0
        isLastShort = hint == nil && facts.received > 0 && facts.received * 10 < min(asked, capSeen) * 9
    }

    /// Gives a second up in which the walk has been for long, so that the rest goes on; nil where it is in none.
    /// - Parameter atOnce: however long; for a relay so slow that a visit does not get through one second.
    public mutating func leaveCrowdedSecond(atOnce: Bool = false) -> Progress? {
        guard case .second(let plan) = mode, atOnce || plan.answers >= Self.manyAnswers else { return nil }
        return leave(plan, .saturatedSecond)
    }

    /// Answers of one second after which a visit that ends does not begin that second again.
    private static let manyAnswers = 20

    var lowerBound: UnixTime? { lo.seconds > 0 ? lo : nil }

    /// No smaller page is asked for because others took too long.
    var isSmallest: Bool { pageSize <= limits.smallestPage }

    /// The newest second that is left; nil while nothing is known of it.
    var top: UnixTime? { frontier ?? (liveAfter == .max ? nil : liveAfter) }

    mutating func absorbInconclusive(_ ending: PageEnding, endsConnection: Bool = false) -> Progress {
        guard case .inconclusive(let reason) = ending else { return Progress() }
        inconclusive += 1
        switch reason {
        case .authRequired, .restricted, .paymentRequired, .disconnected, .rateLimited:
            // It may be that something far below breaks the connection. By itself that second is asked about alone.
            if case .second(let plan) = mode, reason == .disconnected, plan.looksBelow {
                let progress = leave(plan, .saturatedSecond)
                mode = .over(.inconclusive(reason))
                return progress
            }
            mode = .over(.inconclusive(reason))
            return Progress()
        case .overBudget:
            // A page that is too large says nothing about the relay's health: it only has to get smaller.
            inconclusive -= 1
            if let progress = absorbOversized(endsConnection: endsConnection) { return progress }
            guard pageSize > 1 else { return passOver(endsConnection: endsConnection) }
            shrink(endsConnection: endsConnection)
        case .timedOut:
            timeouts += 1
            if timeouts >= 2 { pageSize = max(limits.smallestPage, pageSize / 2) }
        case .closed:
            // There are relays that refuse a limit above theirs, and give no other reason. What is asked inside a
            // second may be refused for what it names.
            if case .second = mode { break }
            pageSize = max(min(pageSize, limits.smallestPage), pageSize / 4)
        case .contradicted: break
        }
        guard inconclusive >= limits.inconclusiveInARow else { return Progress() }
        // A relay that answers everything but the narrow questions inside one second is left that second.
        if case .second(var plan) = mode, reason != .contradicted {
            if plan.skipCensus() {
                inconclusive = 0
                mode = .second(plan)
                return Progress()
            }
            if plan.answers > 0 {
                inconclusive = 0
                return leave(plan, .saturatedSecond)
            }
        }
        mode = .over(.inconclusive(reason))
        return Progress()
    }
}
