internal import Nostr

/// Seconds with more events than a page.
extension WalkPlan {
    /// From here on that second alone.
    mutating func enter(_ second: UnixTime, _ page: SecondPlan.FirstPage) {
        var page = page
        page.isCapMet = isCapMet
        mode = .second(
            SecondPlan(
                second: second, lo: lo, firstPage: page, archive: archive, kindsMet: kindsMet, census: census))
    }

    /// As large as answers get: as was asked for, or as the largest so far but for events that came live beside it.
    func isFull(_ facts: PageFacts) -> Bool {
        let inside = facts.received - facts.older - facts.newer
        return inside >= max(min(asked, capSeen - capSeen / 20), SecondPlan.smallestCap)
    }

    mutating func absorbSecond(_ plan: SecondPlan, _ facts: PageFacts) -> Progress {
        var plan = plan
        switch plan.absorb(facts, limit: asked, capSeen: capSeen) {
        case .more:
            mode = .second(plan)
            return Progress()
        case .proven: return leave(plan, nil)
        case .saturated: return leave(plan, .saturatedSecond)
        }
    }

    /// - Parameter reason: why it was not read whole; nil where it was.
    mutating func leave(_ plan: SecondPlan, _ reason: CoverageReason?) -> Progress {
        census = plan.census
        let second = plan.second
        var gap = reason.map { Gap(lo: second, hi: second, reason: $0) }
        gap?.seen = plan.shown
        guard second > lo else {
            mode = .over(.reachedEnd(byHint: false))
            return Progress(gap: gap)
        }
        var progress = move(to: second.moved(by: -1))
        progress.gap = gap
        return progress
    }
}
