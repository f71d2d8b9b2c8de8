internal import Nostr

/// What a conclusive page of the walk down proves.
extension WalkPlan {
    mutating func absorbPage(_ facts: PageFacts, _ hint: EOSEHint?) -> Progress {
        let seconds = (facts.events.map(\.createdAt) + facts.ghosts).sorted()
        guard let oldest = seconds.first else { return absorbEmpty(facts, hint, answers: 1) }
        if facts.newer > 0 || facts.foreign > 0 { contradictions += 1 }
        if hint == .finish { return absorbFinish(facts, oldest: oldest) }
        guard isOrdered(facts.events) else {
            // Asked once more: a single event that arrived live is no disorder of the relay's.
            disorders += 1
            return disorders >= 2 ? split() : Progress()
        }
        disorders = 0
        // A page of nothing but the future: what is due by now comes first, and each later visit sees some of the rest.
        let latest = now.moved(by: limits.clockSlack)
        if frontier == nil, oldest > latest { return move(to: latest) }
        if let probe = OutlierProbe(facts, seconds: seconds, liveAfter: liveAfter, limit: pageSize) {
            let progress = frontier.map { probe.above < $0 } ?? true ? move(to: probe.above) : Progress()
            mode = .probing(probe)
            return progress
        }
        if let frontier, oldest >= frontier {
            enter(frontier, SecondPlan.FirstPage(events: facts.events, couldGoOn: true, isCut: isFull(facts)))
            return Progress()
        }
        return move(to: oldest)
    }

    mutating func move(to second: UnixTime) -> Progress {
        frontier = second
        mode = order == .unordered ? .splitting(resumed ?? windows(below: second)) : .descending
        return Progress(frontier: second)
    }

    /// Nothing else between the outliers and the rest of their page: they are where the relay's history goes on.
    mutating func absorbProbe(_ probe: OutlierProbe, _ facts: PageFacts) -> Progress {
        guard probe.knows(facts) else {
            mode = .descending
            // The page above the outliers was all in one second.
            if let frontier, probe.above >= frontier {
                let page = probe.page.events.filter { $0.createdAt == frontier }
                enter(frontier, SecondPlan.FirstPage(events: page))
            }
            return Progress()
        }
        return move(to: probe.outlier)
    }

    mutating func absorbConfirmation(_ answers: Int, _ facts: PageFacts, _ hint: EOSEHint?) -> Progress {
        guard !facts.isEmpty else {
            return absorbEmpty(facts, hint, answers: answers + 1)
        }
        mode = .descending
        // What is that new may have come since the answer before.
        guard facts.events.contains(where: { $0.createdAt < liveAfter }) || !facts.ghosts.isEmpty else {
            return absorbPage(facts, hint)
        }
        // The relay contradicted its own "nothing more": believe it less easily from now on.
        contradictions += 1
        endsNeeded += limits.endConfirmations
        guard answers % 4 == 3, let midpoint, let top else {
            return absorbPage(facts, hint)
        }
        // What it hides stands above the middle; below it the walk goes on.
        var progress = move(to: midpoint)
        progress.gap = Gap(lo: midpoint.moved(by: 1), hi: top, reason: .unanswered)
        return progress
    }

    private mutating func absorbEmpty(_ facts: PageFacts, _ hint: EOSEHint?, answers: Int) -> Progress {
        if facts.newer > 0 {
            mode = .over(.unpageable(.untilIgnored))
        } else if facts.unplaced > 0, SecondPlan.mayBeCut(facts.received, limit: pageSize, capSeen: capSeen) {
            mode = .over(.unpageable(.poison))
        } else if hint == .finish {
            mode = .over(.reachedEnd(byHint: true))
        } else if hint == .more, facts.older == 0 {
            // What a relay shows from below the interval is what it has more of.
            contradictions += 1
            return absorbInconclusive(.inconclusive(.contradicted))
        } else {
            mode = answers >= answersNeeded ? .over(.reachedEnd(byHint: false)) : .confirmingEnd(answers: answers)
        }
        return Progress()
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
