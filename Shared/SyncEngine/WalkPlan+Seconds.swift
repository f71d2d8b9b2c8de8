internal import Nostr

/// Seconds with more events than a page.
extension WalkPlan {
    mutating func absorbSecond(_ plan: SecondPlan, _ facts: PageFacts, asked: Int) -> Progress {
        var plan = plan
        switch plan.absorb(facts, limit: asked, capSeen: capSeen) {
        case .more:
            mode = .second(plan)
            return Progress()
        case .proven: return leaveSecond(plan.second, saturated: false)
        case .saturated: return leaveSecond(plan.second, saturated: true)
        }
    }

    mutating func leaveSecond(_ second: UnixTime, saturated: Bool) -> Progress {
        let gap = saturated ? Gap(lo: second, hi: second, reason: .saturatedSecond) : nil
        guard second > lo else {
            mode = .over(.reachedEnd(byHint: false))
            return Progress(gap: gap)
        }
        var progress = move(to: second.moved(by: -1))
        progress.gap = gap
        return progress
    }
}
