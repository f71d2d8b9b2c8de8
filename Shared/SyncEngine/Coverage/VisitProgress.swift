internal import Database
internal import Nostr

/// The bookkeeping of one visit: what each page changes in `relay_sync` and `relay_coverage`.
///
/// Pure. A change is computed when a page is read, written in the transaction that stores the page, and believed
/// by later visits only because it was committed there.
struct VisitProgress: Sendable {
    /// What the transaction of one page writes beside its rows. Nil fields stay as they are.
    struct Change: Sendable, Equatable {
        var frontier: UnixTime?
        var walkLo: UnixTime?
        var walkHi: UnixTime?
        var sealedHi: UnixTime?
        /// Newest second that was asked about.
        var tailSeen: UnixTime?
        /// The walk is over: its three columns become NULL.
        var clearsWalk = false
        var coverage = CoverageMap.Changes()
        var behaviour: RelayBehaviour?
        /// True where a page leaves both tables as they are.
        var isEmpty: Bool { self == Change() }
    }

    /// What one page means for the stretch that is being read.
    struct Step: Sendable {
        var stretch: WalkState.Stretch
        var progress: WalkPlan.Progress
        /// After the last page: how the walk ended.
        var verdict: WalkPlan.Verdict?
        /// Of a further pass, where the page completed a part: how that differs from what is stored.
        var difference: PassRecord.Difference?
        /// Events of the page that lie inside.
        var items = 0
        /// Largest page so far.
        var cap = 0
        /// What pages showed of a rest that they do not get through.
        var seen = WalkPlan.Seen()
        /// What the page added to the doubts about the relay.
        var doubts = Doubts()
        /// What the page shows of how the relay answers.
        var behaviour = RelayBehaviour()
        /// The order of the relay's pages, once it is known.
        var order = RelayOrder.unknown
        /// Everything the walk saw since its start was hinted by NIP-67.
        var isHinted = false
    }

    /// What a further look at an interval found.
    struct Found: Sendable, Equatable {
        /// Events that were not linked to the relay before.
        var late = 0
        /// Events that the relay has in it.
        var all = 0
        /// Ids that its set claims to have in it and that are of other times.
        var misplaced = 0
    }

    var state: WalkState
    var coverage: CoverageMap
    /// How the relay answers, earlier visits included.
    private(set) var behaviour: RelayBehaviour {
        didSet { if behaviour.rescans != oldValue.rescans { yield = RescanYield(behaviour.rescans) } }
    }
    /// How often late events were found.
    private(set) var yield: RescanYield
    /// Which events are archived; `restart` sets it.
    var archive = ArchiveFilter.everything
    /// When the round began, by the database.
    private(set) var now: UnixTime
    let schedule: RescanSchedule
    /// Of a further pass: the newest second that is left.
    var top: Int64?
    /// Of a further pass: what it was shown so far.
    var found = Found()
    /// Of a walk: where it began in this visit.
    var walkTop: Int64?

    init(
        state: WalkState, coverage: CoverageMap, now: UnixTime, schedule: RescanSchedule = .init(),
        behaviour: RelayBehaviour = .init()
    ) {
        self.state = state
        self.coverage = coverage
        self.now = now
        self.schedule = schedule
        self.behaviour = behaviour.worthTryingAgain(at: now)
        yield = RescanYield(behaviour.rescans)
    }

    /// What speaks against the relay's answers.
    var doubts: Doubts { Doubts(behaviour) }

    /// As far as it is known.
    var order: RelayOrder { RelayOrder(behaviour) }

    /// Takes in what was seen of the relay; nil where all of it was known.
    mutating func learn(_ seen: RelayBehaviour) -> RelayBehaviour? {
        var seen = seen
        guard behaviour.merging(seen) != behaviour else { return nil }
        if seen.isShort { seen.calibratedAt = now.seconds }
        behaviour = behaviour.merging(seen)
        return seen
    }

    /// What is asked for without a bound is asked for up to here.
    var newestAsked: UnixTime { min(now, archive.until ?? now) }

    /// Call before each further round of the visit.
    mutating func beginRound(at now: UnixTime) { self.now = max(now, self.now) }

    /// Call before the first page of a stretch.
    mutating func begin(_ stretch: WalkState.Stretch) {
        switch stretch {
        case .interval(let interval):
            top = interval.hi
            found = Found()
        case .fresh(_, let hi): walkTop = hi.seconds
        case .history(_, let frontier, _): walkTop = frontier.seconds
        case .head: break
        }
    }

    /// The part of a further pass that a page completes; nil where it completes none.
    func part(_ progress: WalkPlan.Progress, _ verdict: WalkPlan.Verdict?, of stretch: WalkState.Stretch)
        -> ClosedRange<Int64>?
    {
        guard case .interval(let interval) = stretch, let top else { return nil }
        if case .reachedEnd = verdict { return interval.lo <= top ? interval.lo...top : nil }
        guard let frontier = progress.frontier?.seconds, frontier < top else { return nil }
        return max(frontier + 1, interval.lo)...top
    }

    /// What a page changes.
    mutating func apply(_ step: Step) -> Change {
        var change = Change(behaviour: learn(step))
        switch step.stretch {
        case .interval(let interval): look(step, interval, &change)
        default: walk(step, &change)
        }
        // What the page left out stands in what it proved.
        if let gap = step.progress.gap { setGap(gap, step) }
        if case .unpageable(let reason) = step.verdict { leave(step.stretch, reason, seen: step, &change) }
        change.coverage = coverage.changes
        coverage.markStored()
        return change
    }

    /// What the page says of the relay itself.
    private mutating func learn(_ step: Step) -> RelayBehaviour? {
        var seen = step.behaviour
        if step.order != .unknown { seen.order = step.order.rawValue }
        return learn(seen, step.doubts)
    }

    /// New doubts take their seals from earlier intervals.
    mutating func learn(_ seen: RelayBehaviour, _ news: Doubts) -> RelayBehaviour? {
        guard !news.areNone else { return learn(seen) }
        var seen = seen
        let doubts = doubts + news
        seen.contradictions = Int32(clamping: doubts.contradictions)
        seen.shortAnswers = Int32(clamping: doubts.shortAnswers)
        coverage.unseal { !doubts.allow($0) }
        return learn(seen)
    }

    /// A head that does not fit into one visit: what it read counts, what is left of it is an open interval, and the
    /// walk's upper bound rises. Otherwise each visit would begin at the newest event and never come to the older
    /// ones.
    mutating func leaveHead(at frontier: UnixTime?, _ stretch: WalkState.Stretch) -> Change {
        guard case .head(let lo, let hi) = stretch, let frontier, lo <= frontier, frontier < hi else { return Change() }
        var change = Change(walkHi: hi, tailSeen: newestAsked)
        state.walkHi = hi
        coverage.set(.open, lo.seconds, frontier.seconds)
        coverage.set(provisional(frontier.seconds + 1, hi.seconds, nil))
        change.coverage = coverage.changes
        coverage.markStored()
        return change
    }
}
