internal import Nostr

/// A page whose relay says that it was all (NIP-67).
struct FinishCheck: Sendable {
    let page: PageFacts
    /// Asks for one event below the page.
    let request: PageRequest
}

/// The relay's word `finish`, and whether it keeps it.
extension WalkPlan {
    /// One question below the page is the price of believing it: a relay that says so of each page it cut would be
    /// believed in a second pass too.
    mutating func absorbFinish(_ facts: PageFacts, oldest: UnixTime) -> Progress {
        // As many events of one second as an answer may hold: what was cut off stands in that second.
        let inOldest = facts.events.count { $0.createdAt == oldest }
        if SecondPlan.mayBeCut(inOldest, limit: pageSize, capSeen: capSeen) {
            deniesFinish = true
            return absorbPage(facts, nil)
        }
        guard oldest > lo else {
            mode = .over(.reachedEnd(byHint: true))
            return Progress()
        }
        let request = PageRequest(since: lowerBound, until: oldest.moved(by: -1), limit: 1)
        mode = .checkingFinish(FinishCheck(page: facts, request: request))
        return Progress()
    }

    mutating func absorbFinishCheck(_ check: FinishCheck, _ facts: PageFacts) -> Progress {
        guard !facts.isEmpty else {
            mode = .over(facts.newer > 0 ? .unpageable(.untilIgnored) : .reachedEnd(byHint: true))
            return Progress()
        }
        return denyFinish(check)
    }

    /// There is more: the page is one like any other.
    mutating func denyFinish(_ check: FinishCheck) -> Progress {
        contradictions += 1
        deniesFinish = true
        mode = .descending
        return absorbPage(check.page, nil)
    }
}
