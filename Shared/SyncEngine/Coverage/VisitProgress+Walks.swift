internal import Nostr

/// Walks: history that is read for the first time.
extension VisitProgress {
    mutating func walk(_ step: Step, _ change: inout Change) {
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
                if state.sealedHi == nil { change.tailSeen = newestAsked }
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
            change.tailSeen = newestAsked
        case .head(let lo, let hi):
            change.tailSeen = newestAsked
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
        if byHint, step.isHinted, doubts.areNone, let walkTop, lo.seconds <= walkTop {
            // The relay says that this was all. It is asked once more, at once and in other pages: one that leaves
            // events out at random says so too.
            var hinted = provisional(lo.seconds, walkTop, nil)
            hinted.rescanAt = now.seconds
            coverage.set(hinted)
        }
        endWalk(at: hi, &change)
    }

    /// Nothing is left to walk through up to `hi`, whatever was found out about it.
    mutating func endWalk(at hi: UnixTime, _ change: inout Change) {
        state = WalkState(sealedHi: max(state.sealedHi ?? hi, hi))
        change = Change(
            sealedHi: state.sealedHi, tailSeen: change.tailSeen, clearsWalk: true, behaviour: change.behaviour)
    }
}
