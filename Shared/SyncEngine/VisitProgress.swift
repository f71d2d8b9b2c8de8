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
        /// Everything the walk saw since its start was hinted by NIP-67.
        var isHinted = false
    }

    private(set) var state: WalkState
    private(set) var coverage: CoverageMap
    /// How often this relay's answers denied each other, earlier visits included.
    private(set) var contradictions: Int
    /// When the visit began, by the database.
    private let now: UnixTime
    private let schedule: RescanSchedule
    /// Of a further pass: the newest second that is left.
    private var top: Int64?
    /// Of a walk: where it began in this visit.
    private var walkTop: Int64?

    init(
        state: WalkState, coverage: CoverageMap, now: UnixTime, schedule: RescanSchedule = .init(),
        contradictions: Int = 0
    ) {
        self.state = state
        self.coverage = coverage
        self.now = now
        self.schedule = schedule
        self.contradictions = contradictions
    }

    /// Call before the first page of a stretch.
    mutating func begin(_ stretch: WalkState.Stretch) {
        switch stretch {
        case .interval(let interval): top = interval.hi
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

    /// What a page changes. Contradictions found on the way are added.
    mutating func apply(_ step: Step, contradictions found: Int = 0) -> Change {
        var change = Change()
        if found > 0 {
            contradictions += found
            change.behaviour = RelayBehaviour(contradictions: Int32(clamping: contradictions))
        }
        if let gap = step.progress.gap { setGap(gap, step.stretch) }
        switch step.stretch {
        case .interval(let interval): look(step, interval)
        default: walk(step, &change)
        }
        if case .unpageable(let reason) = step.verdict { setGapOfRest(step.stretch, reason) }
        change.coverage = coverage.changes
        coverage.markStored()
        return change
    }

    /// A head that does not fit into one visit: what it read counts, what is left of it is an open interval, and the
    /// walk's upper bound rises. Otherwise each visit would begin at the newest event and never come to the older
    /// ones.
    mutating func leaveHead(at frontier: UnixTime?, _ stretch: WalkState.Stretch) -> Change {
        guard case .head(let lo, let hi) = stretch, let frontier, lo <= frontier, frontier < hi else { return Change() }
        var change = Change(walkHi: hi, tailSeen: now)
        state.walkHi = hi
        coverage.set(.open, lo.seconds, frontier.seconds)
        coverage.set(provisional(frontier.seconds + 1, hi.seconds, nil))
        change.coverage = coverage.changes
        coverage.markStored()
        return change
    }
}

/// Walks: history that is read for the first time.
extension VisitProgress {
    private mutating func walk(_ step: Step, _ change: inout Change) {
        if let frontier = step.progress.frontier { move(to: frontier, step, &change) }
        if case .reachedEnd(let byHint) = step.verdict { finish(step, byHint: byHint, &change) }
    }

    /// A fresh walk comes into being with its first page. A frontier dated after the walk's upper bound proves
    /// nothing inside the walk, so the stored one never stands above that bound.
    private mutating func move(to frontier: UnixTime, _ step: Step, _ change: inout Change) {
        switch step.stretch {
        case .head, .interval: return
        case .fresh(let lo, let hi):
            guard lo <= hi else { return }
            if state.walkLo == nil {
                state.walkLo = lo
                state.walkHi = hi
                change.walkLo = lo
                change.walkHi = hi
                // The first walk's first page is the newest there is; what follows is history.
                if lo.seconds == 0 { change.tailSeen = now }
            }
            setFrontier(min(frontier, hi), lo, step, &change)
        case .history(let lo, _, _): setFrontier(frontier, lo, step, &change)
        }
    }

    private mutating func setFrontier(
        _ frontier: UnixTime, _ lo: UnixTime, _ step: Step, _ change: inout Change
    ) {
        guard state.frontier != frontier else { return }
        let before = state.frontier ?? state.walkHi
        state.frontier = frontier
        change.frontier = frontier
        guard let before else { return }
        coverage.set(.walking, lo.seconds, frontier.seconds)
        if frontier < before || state.walkHi == before {
            coverage.set(provisional(frontier.seconds + 1, before.seconds, step))
        }
    }

    private mutating func finish(_ step: Step, byHint: Bool, _ change: inout Change) {
        switch step.stretch {
        case .interval: return
        case .fresh(let lo, let hi):
            if lo <= hi { close(lo, state.frontier ?? hi, hi, step, byHint: byHint, &change) }
            change.tailSeen = now
        case .head(let lo, let hi):
            change.tailSeen = now
            guard lo <= hi else { return }
            state.walkHi = hi
            change.walkHi = hi
            coverage.set(provisional(lo.seconds, hi.seconds, step))
        case .history(let lo, let frontier, let hi):
            close(lo, state.frontier ?? frontier, state.walkHi ?? hi, step, byHint: byHint, &change)
        }
    }

    /// The walk is over: what was left below the frontier is read too.
    private mutating func close(
        _ lo: UnixTime, _ frontier: UnixTime, _ hi: UnixTime, _ step: Step, byHint: Bool, _ change: inout Change
    ) {
        if lo <= frontier { coverage.set(provisional(lo.seconds, frontier.seconds, step)) }
        if byHint, step.isHinted, contradictions == 0, let walkTop, lo.seconds <= walkTop {
            coverage.set(sealed(.finishHint, lo.seconds, walkTop, after: nil, step, items: nil))
        }
        state = WalkState(sealedHi: max(state.sealedHi ?? hi, hi))
        let before = change
        change = Change(
            sealedHi: state.sealedHi, tailSeen: before.tailSeen, clearsWalk: true, behaviour: before.behaviour)
    }
}

/// Further passes over what was read before.
extension VisitProgress {
    private mutating func look(_ step: Step, _ interval: CoverageMap.Interval) {
        guard let part = part(step.progress, step.verdict, of: step.stretch) else { return }
        top = part.lowerBound - 1
        let (lo, hi) = (part.lowerBound, part.upperBound)
        // What is read for the first time here has nothing to be compared with.
        let isFirst = interval.state == .open || interval.state == .gap
        guard !isFirst, let difference = step.difference, difference.isNone else {
            coverage.set(provisional(lo, hi, step), closesGaps: isFirst)
            return
        }
        coverage.set(sealed(.twoWalks, lo, hi, after: interval.rescanStep, step, items: difference.shown))
    }

    private func provisional(_ lo: Int64, _ hi: Int64, _ step: Step?) -> CoverageMap.Interval {
        var interval = CoverageMap.Interval(lo: lo, hi: hi, state: .provisional)
        let plan = schedule.secondPass(now: now.seconds)
        interval.rescanAt = plan.at
        interval.rescanStep = plan.step
        if let step { interval.setEvidence(pages: 1, items: step.items, cap: step.cap) }
        return interval
    }

    /// A relay that once contradicted itself can agree with itself, but not prove anything.
    private func sealed(
        _ proof: CoverageProof, _ lo: Int64, _ hi: Int64, after step: Int16?, _ evidence: Step, items: Int?
    ) -> CoverageMap.Interval {
        var interval = CoverageMap.Interval(lo: lo, hi: hi, state: contradictions == 0 ? .sealed : .settled)
        interval.proof = contradictions == 0 ? proof : nil
        let plan = schedule.next(after: step, now: now.seconds)
        interval.rescanAt = plan.at
        interval.rescanStep = plan.step
        interval.setEvidence(pages: 1, items: items, cap: evidence.cap)
        return interval
    }
}

/// Gaps.
extension VisitProgress {
    /// Nothing is said of seconds above what the stretch is about.
    private mutating func setGap(_ gap: WalkPlan.Gap, _ stretch: WalkState.Stretch) {
        let hi = min(gap.hi.seconds, stretch.hi)
        guard gap.lo.seconds <= hi else { return }
        coverage.set(interval(of: gap.reason, gap.lo.seconds, hi))
    }

    private mutating func setGapOfRest(_ stretch: WalkState.Stretch, _ reason: CoverageReason) {
        let (lo, hi): (Int64, Int64) =
            switch stretch {
            case .fresh(let lo, let hi): (lo.seconds, min(state.frontier ?? hi, hi).seconds)
            case .head(let lo, let hi): (lo.seconds, hi.seconds)
            case .history(let lo, let frontier, _): (lo.seconds, (state.frontier ?? frontier).seconds)
            case .interval(let interval): (interval.lo, top ?? interval.hi)
            }
        guard lo <= hi else { return }
        coverage.set(interval(of: reason, lo, hi))
    }

    private func interval(of reason: CoverageReason, _ lo: Int64, _ hi: Int64) -> CoverageMap.Interval {
        var interval = CoverageMap.Interval(lo: lo, hi: hi, state: .gap, reason: reason)
        interval.rescanAt = schedule.retry(now: now.seconds)
        return interval
    }
}

extension CoverageMap.Interval {
    fileprivate mutating func setEvidence(pages: Int32, items: Int?, cap: Int) {
        self.pages = pages
        self.items = items.map(Int64.init)
        self.cap = Int32(clamping: cap)
    }
}

extension WalkState.Stretch {
    /// The newest second that the stretch says something about.
    var hi: Int64 {
        switch self {
        case .fresh(_, let hi), .head(_, let hi), .history(_, _, let hi): hi.seconds
        case .interval(let interval): interval.hi
        }
    }
}
