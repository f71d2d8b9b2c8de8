import Nostr
import Testing

@testable import SyncEngine

/// Events whose id or signature is wrong. Whatever they say of their time proves nothing.
@Suite struct WalkPlanRejectedTests {
    private func plan(lo: Int64 = 0, order: RelayOrder = .newestFirst) -> WalkPlan {
        WalkPlan(
            lo: UnixTime(seconds: lo), frontier: nil, capSeen: 0, limits: .init(), liveAfter: .max,
            now: UnixTime(seconds: 1_100_000), order: order)
    }

    private func events(_ count: Int) -> [EventStamp] {
        var factory = StampFactory(seed: 1)
        return (0..<count).map { factory.stamp(at: 1_000_000 + Int64($0)) }
    }

    /// Of a cap so small that few events say what step between two of them is usual.
    @Test(arguments: [8, 500], [Int64(1), 1_000_010])
    func `a rejected event that says to be old moves no frontier below what was shown`(cap: Int, claim: Int64) {
        var relay = ModelRelay(events: events(2_000))
        relay.cap = cap
        relay.isInvalid = { $0.createdAt.seconds % 400 == 5 }
        relay.claims = { _ in UnixTime(seconds: claim) }
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 1_995 && result.gaps.isEmpty)
        #expect(result.verdict == .reachedEnd(byHint: false))
    }

    @Test func `forged events among the others make no relay unordered and move no frontier`() {
        let valid = Array(events(500).reversed())
        var factory = StampFactory(seed: 2)
        let forged = [1_000_010, 3, 1_000_600, 1_000_011, 2_000_000].map { factory.stamp(at: $0) }
        var shown = valid
        for (place, event) in forged.enumerated() { shown.insert(event, at: place * 90) }
        var facts = PageFacts(ending: .conclusive(hint: nil), events: shown)
        facts.keep(Set(valid.map(\.id)))
        #expect(facts.events == valid && facts.claims == forged.map(\.createdAt) && facts.received == 505)
        var plan = plan()
        for _ in 0..<2 { #expect(plan.absorb(facts).frontier == valid.last?.createdAt || plan.order == .newestFirst) }
        #expect(plan.order == .newestFirst && plan.frontier == valid.last?.createdAt)
    }

    @Test func `the question about the order is not answered by forged events`() {
        let page = Array(events(500).reversed())
        var plan = plan(order: .unknown)
        _ = plan.absorb(PageFacts(ending: .conclusive(hint: nil), events: page))
        var factory = StampFactory(seed: 2)
        let forged = (0..<10).map { factory.stamp(at: 1_000_100 + $0) }
        var answer = PageFacts(ending: .conclusive(hint: nil), events: Array(page.prefix(10)) + forged)
        answer.keep(Set(page.map(\.id)))
        _ = plan.absorb(answer)
        #expect(plan.order == .newestFirst)
    }

    @Test func `a page of nothing but rejected events is passed over as a gap, and what lies below it is read`() {
        var relay = ModelRelay(events: events(3_000))
        let isInvalid = { (event: EventStamp) in (1_000_900..<1_002_800).contains(event.createdAt.seconds) }
        relay.isInvalid = isInvalid
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 1_100)
        #expect(result.verdict == .reachedEnd(byHint: false))
        #expect(!result.gaps.isEmpty && result.gaps.allSatisfy { $0.reason == .poison })
        #expect(result.gaps.allSatisfy { (1_000_900..<1_002_800).contains($0.lo.seconds) && $0.lo <= $0.hi })
        #expect(relay.requests.count < 40, "\(relay.requests.count)")
    }

    @Test func `rejected events of the future keep a walk from nothing that is due`() {
        var factory = StampFactory(seed: 3)
        let future = (0..<1_500).map { factory.stamp(at: 2_000_000 + Int64($0)) }
        var relay = ModelRelay(events: events(700) + future)
        relay.isInvalid = { $0.createdAt.seconds >= 2_000_000 }
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 700 && result.gaps.isEmpty)
        #expect(result.verdict == .reachedEnd(byHint: false))
    }

    /// One of them would otherwise make a gap of all history.
    @Test func `one claim far from the others makes no gap longer`() {
        var relay = ModelRelay(events: events(3_000))
        relay.isInvalid = { (1_000_900..<1_002_800).contains($0.createdAt.seconds) }
        relay.claims = { $0.createdAt.seconds % 50 == 0 ? UnixTime(seconds: 2) : $0.createdAt }
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 1_100)
        #expect(result.gaps.allSatisfy { $0.lo.seconds >= 1_000_900 })
    }

    @Test func `a few rejected events that are all there is are no gap`() {
        var relay = ModelRelay(events: events(20))
        relay.isInvalid = { _ in true }
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.verdict == .reachedEnd(byHint: false) && result.gaps.isEmpty)
        #expect(plan.contradictions == 0)
    }

    @Test(arguments: [0, 1_000_000] as [Int64])
    func `a second full of rejected events is a gap, and the walk ends at its oldest second`(lo: Int64) {
        var factory = StampFactory(seed: 1)
        var relay = ModelRelay(events: (0..<700).map { _ in factory.stamp(at: 1_000_000) })
        relay.isInvalid = { _ in true }
        var plan = plan(lo: lo)
        let result = plan.run(on: &relay)
        #expect(result.verdict == .reachedEnd(byHint: false))
        #expect(result.gaps.last?.lo == UnixTime(seconds: 1_000_000) && result.gaps.last?.reason == .poison)
    }
}
