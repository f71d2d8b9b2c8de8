internal import Nostr

/// Relays whose pages are not newest first: how they are found out, and read nevertheless.
extension WalkPlan {
    /// Events from which on a page says something about the relay's order.
    private static let tellingPage = 10
    /// Events that the question about the order asks for: enough to meet some that were left out.
    private static let sample = 20

    /// A relay that chooses at random what it shows looks well ordered in each page alone, and so does one that shows
    /// the oldest first where the oldest second fills a page. So what is newer than the oldest event of the first page
    /// is asked for once more: whatever else comes was left out.
    mutating func checksOrder(_ facts: PageFacts, _ hint: EOSEHint?) -> Bool {
        guard order == .unknown, hint != .finish, facts.events.count >= Self.tellingPage,
            let oldest = facts.events.map(\.createdAt).min()
        else { return false }
        mode = .checkingOrder(
            OrderCheck(page: facts, since: oldest.moved(by: 1), until: frontier, limit: min(pageSize, Self.sample)))
        return true
    }

    mutating func absorbOrderCheck(_ check: OrderCheck, _ facts: PageFacts, _ hint: EOSEHint?) -> Progress {
        // One that ignores `since` fills its answer from below; it does not add to a full one.
        if facts.older > 0, facts.received - facts.events.count(where: { $0.createdAt >= liveAfter }) > check.limit {
            contradictions += 1
        }
        let known = Set(check.page.events.map(\.id))
        let others = facts.events.count { !known.contains($0.id) && $0.createdAt < liveAfter }
        let oldest = check.since.moved(by: -1)
        let isOneSecond = check.page.events.allSatisfy { $0.createdAt == oldest }
        // One or two may have come late. Where `since` is ignored, a page of one second says nothing of the order.
        if others > 2 || (isOneSecond && facts.older > 0) { return split() }
        order = .newestFirst
        mode = .descending
        return absorbPage(check.page, hint)
    }

    /// From here on windows instead of pages.
    mutating func split() -> Progress {
        order = .unordered
        mode = .splitting(windows(below: frontier))
        return Progress()
    }

    mutating func absorbWindow(_ plan: SplitPlan, _ facts: PageFacts) -> Progress {
        if facts.newer > 0, facts.events.isEmpty {
            mode = .over(.unpageable(.untilIgnored))
            return Progress()
        }
        // What is older than the window fills the answer: nothing is known of the window.
        if facts.older > 0, SecondPlan.mayBeCut(facts.received, limit: asked, capSeen: capSeen) {
            mode = .over(.unpageable(.unordered))
            return Progress()
        }
        var plan = plan
        switch plan.absorb(facts, limit: asked) {
        case .more:
            mode = .splitting(plan)
            return Progress()
        case .crowded(let second, let events):
            plan.leave()
            resumed = plan
            frontier = second
            enter(second, SecondPlan.FirstPage(events: events, isCut: true))
            return Progress(frontier: second)
        case .proven(let second):
            guard second > lo else {
                mode = .over(.reachedEnd(byHint: false))
                return Progress()
            }
            resumed = plan
            return move(to: second.moved(by: -1))
        }
    }
}

/// A page whose order is in question.
struct OrderCheck: Sendable {
    let page: PageFacts
    let since: UnixTime
    let until: UnixTime?
    let limit: Int

    /// Asks for what is newer than the page's oldest second, which the page may have cut.
    var request: PageRequest { PageRequest(since: since, until: until, limit: limit) }
}
