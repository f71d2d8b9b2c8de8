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
        /// True where a page leaves both tables as they are.
        var isEmpty: Bool { self == Change() }
    }

    private(set) var state: WalkState
    private(set) var coverage: CoverageMap
    /// When the visit began, by the database.
    private let now: UnixTime

    init(state: WalkState, coverage: CoverageMap, now: UnixTime) {
        self.state = state
        self.coverage = coverage
        self.now = now
    }

    /// What a page of `stretch` changes, given what it proved and, after the last page, how the walk ended.
    mutating func apply(
        _ progress: WalkPlan.Progress, verdict: WalkPlan.Verdict?, of stretch: WalkState.Stretch
    ) -> Change {
        var change = Change()
        if let second = progress.saturatedSecond?.seconds {
            coverage.set(.gap, second, second, reason: .saturatedSecond)
        }
        if let frontier = progress.frontier { move(to: frontier, stretch, &change) }
        switch verdict {
        case .reachedEnd: finish(stretch, &change)
        case .unpageable(let reason): markGap(stretch, reason)
        case .inconclusive, nil: break
        }
        change.coverage = coverage.changes
        coverage.markStored()
        return change
    }

    /// A fresh walk comes into being with its first page. A frontier dated after the walk's upper bound proves
    /// nothing inside the walk, so the stored one never stands above that bound.
    private mutating func move(to frontier: UnixTime, _ stretch: WalkState.Stretch, _ change: inout Change) {
        switch stretch {
        case .head: return
        case .fresh(let lo, let hi):
            guard lo <= hi else { return }
            let clamped = min(frontier, hi)
            if state.walkLo == nil {
                state.walkLo = lo
                state.walkHi = hi
                change.walkLo = lo
                change.walkHi = hi
                // The first walk's first page is the newest there is; what follows is history.
                if lo.seconds == 0 { change.tailSeen = now }
            }
            setFrontier(clamped, lo, &change)
        case .history(let lo, _, _): setFrontier(frontier, lo, &change)
        }
    }

    private mutating func setFrontier(_ frontier: UnixTime, _ lo: UnixTime, _ change: inout Change) {
        if state.frontier != frontier {
            state.frontier = frontier
            change.frontier = frontier
        }
        guard let walkHi = state.walkHi else { return }
        coverage.set(.walking, lo.seconds, frontier.seconds)
        if frontier < walkHi { coverage.set(.provisional, frontier.seconds + 1, walkHi.seconds) }
    }

    private mutating func finish(_ stretch: WalkState.Stretch, _ change: inout Change) {
        switch stretch {
        case .fresh(let lo, let hi):
            if lo <= hi { seal(from: lo, to: hi, &change) }
            change.tailSeen = now
        case .head(let lo, let hi):
            change.tailSeen = now
            guard lo <= hi else { return }
            state.walkHi = hi
            change.walkHi = hi
            coverage.set(.provisional, lo.seconds, hi.seconds)
        case .history(let lo, _, let hi): seal(from: lo, to: state.walkHi ?? hi, &change)
        }
    }

    private mutating func seal(from lo: UnixTime, to hi: UnixTime, _ change: inout Change) {
        coverage.set(.provisional, lo.seconds, hi.seconds)
        state = WalkState(sealedHi: max(state.sealedHi ?? hi, hi))
        change = Change(sealedHi: state.sealedHi, clearsWalk: true)
    }

    private mutating func markGap(_ stretch: WalkState.Stretch, _ reason: CoverageReason) {
        switch stretch {
        case .fresh(let lo, let hi):
            coverage.set(.gap, lo.seconds, min(state.frontier ?? hi, hi).seconds, reason: reason)
        case .head(let lo, let hi): coverage.set(.gap, lo.seconds, hi.seconds, reason: reason)
        case .history(let lo, let frontier, _):
            coverage.set(.gap, lo.seconds, (state.frontier ?? frontier).seconds, reason: reason)
        }
    }
}
