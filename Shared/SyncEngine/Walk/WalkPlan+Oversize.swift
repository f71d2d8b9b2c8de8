internal import Nostr

/// What is larger than a message or a page may be, and stands in the way of all that is older.
extension WalkPlan {
    /// How many times more seconds are passed over where those before were too few. Each step may cost a connection,
    /// some ten for what is a week away, and so much more than had to be is passed over at most.
    private static let wider: Int64 = 4

    /// One event alone is too much. It stands at the frontier or at some second below, so a few seconds are left out
    /// and the walk goes on behind them; many more where that is not enough. A later look at the gap comes down to the
    /// event again and leaves less.
    mutating func passOver(endsConnection: Bool) -> Progress {
        // It may be dated ahead of the clock, and then all that is due stands below it: the next visit sets a bound.
        if endsConnection, frontier == nil {
            isCutAhead = true
            mode = .over(.inconclusive(.overBudget))
            return Progress()
        }
        switch mode {
        case .second(let plan): return leave(plan, .oversize)
        case .splitting: break
        default:
            if let progress = passSeconds() { return progress }
        }
        mode = .over(.unpageable(.oversize))
        return Progress()
    }

    /// What the answer to a question beside the pages means that is too large: it holds something of what was asked
    /// about, and where that is below the page in hand, nothing is to be passed over here. Nil where the question is
    /// asked again like a page.
    mutating func absorbOversized(endsConnection: Bool) -> Progress? {
        switch mode {
        case .confirmingEnd(let answers): return absorbOversized(endQuestion(after: answers), endsConnection)
        case .checkingFinish(let check):
            defer { if endsConnection { pageSize = 1 } }
            return denyFinish(check)
        case .checkingOrder:
            // More than the page had shown, and it may have come since: the page is asked for again.
            disorders += 1
            mode = .descending
            shrink(endsConnection: endsConnection)
            return disorders >= 2 ? split() : Progress()
        case .probing(let probe):
            defer { if endsConnection { pageSize = 1 } }
            return leave(probe)
        case .second(let plan): return absorbOversized(plan, endsConnection)
        case .descending, .splitting, .over: return nil
        }
    }

    /// Where each attempt costs a connection, the next one comes down to the event page by growing page.
    mutating func shrink(endsConnection: Bool) { pageSize = endsConnection ? 1 : max(pageSize / 2, 1) }

    private mutating func absorbOversized(_ question: EndQuestion, _ endsConnection: Bool) -> Progress? {
        switch question {
        case .below:
            // What lies below the interval is none of its business. Nothing inside was shown, which is what the
            // question was for, and it is the last.
            guard lowerBound != nil else { return nil }
            if endsConnection { pageSize = 1 }
            mode = .over(.reachedEnd(byHint: false))
            return Progress()
        case .olderHalf:
            if endsConnection { pageSize = 1 }
            return denyEnd(question)
        case .same, .one: return nil
        }
    }

    /// Questions about more than the second that is read.
    private mutating func absorbOversized(_ plan: SecondPlan, _ endsConnection: Bool) -> Progress? {
        guard plan.asksBelow || plan.looksBelow else { return nil }
        guard !endsConnection else {
            // The next visit would come as far. By itself that second is asked about alone.
            pageSize = 1
            return leave(plan, .saturatedSecond)
        }
        var plan = plan
        // Not by smaller pages: the second itself could not be read whole by them.
        guard plan.findBelow() || plan.skipCensus() else { return nil }
        mode = .second(plan)
        return Progress()
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
