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
        case .confirmingEnd(let answers) where answers % 4 == 2 && lowerBound != nil:
            // The question without `since`: it stands below the interval and is none of its business.
            mode = .confirmingEnd(answers: answers + 1)
            return Progress()
        case .splitting: break
        default:
            if let progress = passSeconds() { return progress }
        }
        mode = .over(.unpageable(.oversize))
        return Progress()
    }

    private mutating func passSeconds() -> Progress? {
        let top = frontier ?? now
        let rest = top.seconds - lo.seconds
        guard let before = passed, rest > 1 else { return nil }
        let (wide, isOver) = max(before, 1).multipliedReportingOverflow(by: before > 0 ? Self.wider : 1)
        guard !isOver else { return nil }
        // Once, half of what is left: a gap that is looked at again and again becomes smaller each time.
        let seconds = wide < rest ? wide : rest / 2
        passed = wide < rest ? wide : .max
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
        case .fresh, .interval: 0
        case .history(_, let frontier, _): coverage.seconds(of: .oversize, above: frontier.seconds)
        }
    }
}

extension CoverageMap {
    /// Length of the gap that begins behind a second; 0 where none does.
    fileprivate func seconds(of reason: CoverageReason, above second: Int64) -> Int64 {
        intervals.first { $0.lo > second }.map { $0.reason == reason ? $0.hi - second : 0 } ?? 0
    }
}
