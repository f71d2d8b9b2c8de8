internal import Database
internal import Nostr

/// Gaps.
extension VisitProgress {
    /// Nothing is said of seconds above what the stretch is about.
    mutating func setGap(_ gap: WalkPlan.Gap, _ step: Step) {
        let (stretch, hi) = (step.stretch, min(gap.hi.seconds, step.stretch.hi))
        guard gap.lo.seconds <= hi else { return }
        guard gap.reason != .oversize else { return setOversized(gap.lo.seconds, hi, stretch) }
        coverage.set(interval(of: gap.reason, gap.lo.seconds, hi, gap.seen, cap: step.cap))
    }

    /// Pages do not get any further. The rest is a gap with a time of its own to be tried again, and what is new goes
    /// on.
    mutating func leave(
        _ stretch: WalkState.Stretch, _ reason: CoverageReason, seen step: Step? = nil, _ change: inout Change
    ) {
        setGapOfRest(stretch, reason, step)
        switch stretch {
        case .interval: return
        case .head(let lo, let hi):
            guard lo <= hi else { return }
            state.walkHi = hi
            change.walkHi = hi
        case .fresh(_, let hi), .history(_, _, let hi):
            endWalk(at: state.walkHi ?? hi, &change)
        }
    }

    private mutating func setGapOfRest(_ stretch: WalkState.Stretch, _ reason: CoverageReason, _ step: Step?) {
        let (lo, hi): (Int64, Int64) =
            switch stretch {
            case .fresh(let lo, let hi): (lo.seconds, min(state.frontier ?? hi, hi).seconds)
            case .head(let lo, let hi): (lo.seconds, hi.seconds)
            case .history(let lo, let frontier, _): (lo.seconds, (state.frontier ?? frontier).seconds)
            case .interval(let interval): (interval.lo, top ?? interval.hi)
            }
        guard lo <= hi else { return }
        switch stretch {
        case .interval where reason == .oversize, .head where reason == .oversize: setOversized(lo, hi, stretch)
        default: coverage.set(interval(of: reason, lo, hi, step?.seen ?? .init(), cap: step?.cap ?? 0))
        }
    }

    private func interval(
        of reason: CoverageReason, _ lo: Int64, _ hi: Int64, _ seen: WalkPlan.Seen, cap: Int
    ) -> CoverageMap.Interval {
        var interval = gap(reason, lo, hi)
        // Where nothing was answered there is nothing to be said of it.
        if seen.pages > 0 { interval.setEvidence(pages: seen.pages, items: seen.items, cap: cap) }
        // Set reconciliation has no trouble with a crowded second, nor with events that nobody may store.
        let waitsForSets = reason == .saturatedSecond || reason == .poison
        if waitsForSets, behaviour.negentropy != false { interval.rescanAt = now.seconds }
        return interval
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
