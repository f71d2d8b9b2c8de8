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
            // A second that is yet to come is read when it has come: no stretch reaches up to it.
            guard frontier <= now else { return move(to: frontier.moved(by: -1)) }
            // What is rejected fills an answer and need not be of this second: then it is asked about alone. And so it
            // is where more may be asked for by now.
            let isCut = isFull(facts) && facts.claims.isEmpty && asked >= pageSize
            enter(frontier, SecondPlan.FirstPage(events: facts.events, couldGoOn: true, isCut: isCut))
            return Progress()
        }
        return move(to: oldest)
    }

    /// Nothing but rejected events, and perhaps not all of them. How far back they go is not to be believed, so what is
    /// passed over is a gap. By the claim in the middle, of which few that are far from the others make nothing.
    mutating func passRejected(_ facts: PageFacts) -> Progress {
        let latest = now.moved(by: limits.clockSlack)
        let top = min(frontier ?? latest, latest)
        let claims = facts.claims.filter { $0 <= top }.sorted()
        guard !claims.isEmpty else {
            // Ahead of the clock nothing is said: what is due by now is asked for by itself.
            if !facts.claims.isEmpty { return move(to: latest) }
            mode = .over(.unpageable(.poison))
            return Progress()
        }
        let middle = claims[claims.count / 2]
        let gap = Gap(lo: min(middle.moved(by: 1), top), hi: top, reason: .poison)
        guard middle < top || top > lo else {
            mode = .over(.reachedEnd(byHint: false))
            return Progress(gap: gap)
        }
        var progress = move(to: middle < top ? middle : top.moved(by: -1))
        progress.gap = gap
        return progress
    }

    mutating func move(to second: UnixTime) -> Progress {
        if frontier != second { seenHere = Seen() }
        frontier = second
        mode = order == .unordered ? .splitting(resumed ?? windows(below: second)) : .descending
        return Progress(frontier: second)
    }

    /// Nothing else between the outliers and the rest of their page: they are where the relay's history goes on.
    mutating func absorbProbe(_ probe: OutlierProbe, _ facts: PageFacts) -> Progress {
        probe.knows(facts) ? move(to: probe.outlier) : leave(probe)
    }

    /// The walk goes on above the outliers: they are not where the relay's history does.
    mutating func leave(_ probe: OutlierProbe) -> Progress {
        mode = .descending
        // The page above the outliers was all in one second.
        if let frontier, probe.above >= frontier {
            let page = probe.page.events.filter { $0.createdAt == frontier }
            enter(frontier, SecondPlan.FirstPage(events: page))
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
