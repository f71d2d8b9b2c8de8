internal import Nostr

/// What a conclusive page of the walk down proves.
extension WalkPlan {
    mutating func absorbPage(_ facts: PageFacts, _ hint: EOSEHint?) -> Progress {
        let seconds = (facts.events.map(\.createdAt) + facts.ghosts).sorted()
        guard let oldest = seconds.first else { return absorbEmpty(facts, hint, answers: 1) }
        if facts.newer > 0 || facts.foreign > 0 { contradictions += 1 }
        if hint == .finish {
            mode = .over(.reachedEnd(byHint: true))
            return Progress()
        }
        guard isOrdered(facts.events) else {
            // Asked once more: a single event that arrived live is no disorder of the relay's.
            disorders += 1
            return disorders >= 2 ? split() : Progress()
        }
        disorders = 0
        if let above = Self.neighbour(above: oldest, in: seconds) {
            let progress = frontier.map { above < $0 } ?? true ? move(to: above) : Progress()
            mode = .probing(Outlier(outlier: oldest, above: above, page: facts.events))
            return progress
        }
        if let frontier, oldest >= frontier {
            mode = .second(SecondPlan(second: frontier, firstPage: facts.events))
            return Progress()
        }
        return move(to: oldest)
    }

    mutating func move(to second: UnixTime) -> Progress {
        frontier = second
        mode = order == .unordered ? .splitting(resumed ?? SplitPlan(lo: lo, top: second, now: now)) : .descending
        return Progress(frontier: second)
    }

    /// The second next above the oldest one of a page, where the step down to the oldest is out of all proportion.
    private static func neighbour(above oldest: UnixTime, in seconds: [UnixTime]) -> UnixTime? {
        guard seconds.count > 1, let newest = seconds.last else { return nil }
        let above = seconds[1]
        let (step, spread) = (above.seconds - oldest.seconds, newest.seconds - above.seconds)
        return step > max(60, spread / Int64(seconds.count) * 20) ? above : nil
    }

    /// Nothing between the outlier and the rest of its page: it is where the relay's history goes on.
    mutating func absorbProbe(_ probe: Outlier, _ facts: PageFacts) -> Progress {
        guard facts.isEmpty else {
            mode = .descending
            // The page above the outlier was all in one second.
            if let frontier, probe.above >= frontier {
                let page = probe.page.filter { $0.createdAt == frontier }
                mode = .second(SecondPlan(second: frontier, firstPage: page))
            }
            return Progress()
        }
        return move(to: probe.outlier)
    }

    mutating func absorbConfirmation(_ answers: Int, _ facts: PageFacts, _ hint: EOSEHint?) -> Progress {
        guard !facts.isEmpty else {
            return absorbEmpty(facts, hint, answers: answers + 1)
        }
        // The relay contradicted its own "nothing more": believe it less easily from now on.
        contradictions += 1
        endsNeeded += limits.endConfirmations
        mode = .descending
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
        } else if facts.unplaced > 0 {
            mode = .over(.unpageable(.poison))
        } else if hint == .finish {
            mode = .over(.reachedEnd(byHint: true))
        } else if hint == .more, facts.older == 0 {
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
