internal import Nostr

/// What is larger than a message or a page may be, and stands in the way of all that is older.
extension WalkPlan {
    /// How many times more seconds are passed over where those before were too few.
    private static let wider: Int64 = 256

    /// One event alone is too much. It stands at the frontier or at some second below, so a few seconds are left out
    /// and the walk goes on behind them; many more where that is not enough. A later look at the gap comes down to the
    /// event again and leaves less.
    mutating func passOver() -> Progress {
        switch mode {
        case .second(let plan): return leave(plan, .oversize)
        case .splitting: break
        default:
            if let progress = passSeconds() { return progress }
        }
        mode = .over(.unpageable(.oversize))
        return Progress()
    }

    /// The question without `since`, asked to confirm an end: what is too large stands below the interval and is none
    /// of its business. Nothing inside was shown, which is what the question was for.
    mutating func confirmsByWhatIsBelow() -> Bool {
        guard case .confirmingEnd(let answers) = mode, answers % 4 == 2, lowerBound != nil else { return false }
        let isOver = answers + 1 >= answersNeeded
        mode = isOver ? .over(.reachedEnd(byHint: false)) : .confirmingEnd(answers: answers + 1)
        return true
    }

    /// Nil where no more may be passed over.
    private mutating func passSeconds() -> Progress? {
        let top = min(frontier ?? now, now.moved(by: limits.clockSlack))
        let rest = top.seconds - lo.seconds
        // What was passed is more than what is left: half of the rest was tried.
        guard let before = passed, before < rest, rest > 1 else { return nil }
        let (wide, isOver) = before.multipliedReportingOverflow(by: Self.wider)
        let seconds = isOver || wide >= rest ? rest / 2 : max(wide, 1)
        passed = before + seconds
        var progress = move(to: top.moved(by: -seconds))
        progress.gap = Gap(lo: top.moved(by: 1 - seconds), hi: top, reason: .oversize)
        return progress
    }
}

extension VisitProgress {
    /// Seconds right above a stretch that were passed over because what stands there is too large; nil where none may
    /// be: of a head nothing is kept from which the next visit could go on.
    func passed(above stretch: WalkState.Stretch) -> Int64? {
        switch stretch {
        case .head: nil
        case .fresh: 0
        case .interval(let interval): coverage.seconds(of: .oversize, above: interval.hi)
        case .history(_, let frontier, _): coverage.seconds(of: .oversize, above: frontier.seconds)
        }
    }
}

extension CoverageMap {
    /// Length of the gap that begins right behind a second; 0 where none does.
    fileprivate func seconds(of reason: CoverageReason, above second: Int64) -> Int64 {
        let next = intervals.first { $0.lo > second }
        guard let next, next.lo - 1 == second, next.reason == reason else { return 0 }
        return next.hi - second
    }
}
