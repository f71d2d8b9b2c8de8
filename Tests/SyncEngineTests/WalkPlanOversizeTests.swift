import Nostr
import Testing

@testable import SyncEngine

/// Walks past events that are too large for any message.
@Suite struct WalkPlanOversizeTests {
    private func plan(
        lo: Int64 = 0, from frontier: Int64? = nil, cap: Int = 0, order: RelayOrder = .newestFirst,
        passed: Int64? = nil
    ) -> WalkPlan {
        WalkPlan(
            lo: UnixTime(seconds: lo), frontier: frontier.map(UnixTime.init(seconds:)), capSeen: cap,
            limits: .init(), liveAfter: .max, now: UnixTime(seconds: 1_100_000), order: order, passed: passed)
    }

    private func events(_ count: Int, seed: UInt64 = 1) -> [EventStamp] {
        var factory = StampFactory(seed: seed)
        return (0..<count).map { factory.stamp(at: 1_000_000 + Int64($0)) }
    }

    private func gap(_ lo: Int64, _ hi: Int64, _ reason: CoverageReason) -> WalkPlan.Gap {
        WalkPlan.Gap(lo: UnixTime(seconds: lo), hi: UnixTime(seconds: hi), reason: reason)
    }

    /// Whatever an answer holds beside it.
    private func tooLarge(
        _ events: [EventStamp], _ large: EventStamp, cap: Int = 500
    ) -> (PageRequest) -> PageEnding? {
        { request in
            let inside = events.filter { event in
                (request.since.map { $0 <= event.createdAt } ?? true)
                    && (request.until.map { event.createdAt <= $0 } ?? true)
            }
            let page = inside.sorted { ($1.createdAt, $0.id) < ($0.createdAt, $1.id) }.prefix(min(request.limit, cap))
            return page.contains(large) ? .inconclusive(.overBudget) : nil
        }
    }

    @Test(arguments: [1, 50, 20_000] as [Int64])
    func `what is older than an event too large for any page is read, and the gap is named`(quiet: Int64) throws {
        var factory = StampFactory(seed: 8)
        let newer = (0..<300).map { factory.stamp(at: 1_050_000 + Int64($0)) }
        let large = factory.stamp(at: 1_050_000 - quiet)
        let older = events(2_000)
        var relay = ModelRelay(events: newer + [large] + older)
        relay.refuses = tooLarge(relay.events, large)
        var (lo, hi, seen, looks) = (Int64(0), nil as Int64?, Set<EventStamp>(), 0)
        // The first walk, and looks at the gap that is left.
        while seen.count < 2_300, looks < 8 {
            var plan = plan(lo: lo, from: hi, passed: 0)
            let result = plan.run(on: &relay)
            #expect(result.verdict == .reachedEnd(byHint: false))
            #expect(!result.gaps.isEmpty && result.gaps.allSatisfy { $0.reason == .oversize })
            #expect(result.gaps.contains { $0.lo <= large.createdAt && large.createdAt <= $0.hi })
            seen.formUnion(result.seen)
            lo = try #require(result.gaps.map(\.lo).min()).seconds
            hi = try #require(result.gaps.map(\.hi).max()).seconds
            looks += 1
        }
        #expect(seen.count == 2_300 && looks <= (quiet > 10_000 ? 3 : 1), "\(looks)")
        #expect(relay.requests.count < 150)
    }

    @Test func `where every answer is too large the walk is over soon`() {
        var relay = ModelRelay(events: events(2_000))
        relay.refuses = { _ in .inconclusive(.overBudget) }
        var plan = plan(passed: 0)
        let result = plan.run(on: &relay)
        #expect(result.verdict == .unpageable(.oversize) && relay.requests.count < 20)
        var wary = self.plan()
        #expect(wary.run(on: &relay).verdict == .unpageable(.oversize))
    }

    @Test func `what is too large below the interval is none of its business`() {
        var factory = StampFactory(seed: 8)
        let large = factory.stamp(at: 999_000)
        var relay = ModelRelay(events: events(400) + [large])
        relay.refuses = tooLarge(relay.events, large)
        var plan = plan(lo: 1_000_000, passed: 0)
        let result = plan.run(on: &relay)
        #expect(result.verdict == .reachedEnd(byHint: false) && result.gaps.isEmpty && result.seen.count == 400)
    }

    @Test func `what is too large below a long interval is met when nothing else is left to be asked`() throws {
        var factory = StampFactory(seed: 8)
        let large = factory.stamp(at: 800_000)
        var relay = ModelRelay(events: events(400) + [large])
        relay.refuses = tooLarge(relay.events, large)
        var plan = plan(lo: 900_000, from: 1_100_000, passed: 0)
        let result = plan.run(on: &relay)
        #expect(result.verdict == .reachedEnd(byHint: false) && result.gaps.isEmpty && result.seen.count == 400)
        // It costs a connection: what is asked after it costs another visit.
        let broken = relay.requests.firstIndex { relay.refuses($0) != nil }
        #expect(try #require(broken) == relay.requests.count - 1)
    }

    @Test func `where the older half alone is too large the walk goes on there`() {
        var relay = ModelRelay(events: [])
        relay.refuses = { ($0.until ?? .max) < UnixTime(seconds: 600_000) ? .inconclusive(.overBudget) : nil }
        var plan = plan(lo: 500, from: 1_100_500, passed: 0)
        let result = plan.run(on: &relay)
        #expect(result.gaps.first == gap(550_501, 1_100_500, .unanswered))
        #expect(plan.contradictions == 1)
    }

    @Test(arguments: [1, 700] as [Int64])
    func `what is too large below a page that is said to be all is found where it stands`(quiet: Int64) {
        var factory = StampFactory(seed: 8)
        let large = factory.stamp(at: 1_000_000 - quiet)
        let older = (0..<50).map { factory.stamp(at: 900_000 + Int64($0)) }
        var relay = ModelRelay(events: events(400) + [large] + older)
        relay.cap = 400
        relay.refuses = tooLarge(relay.events, large, cap: relay.cap)
        (relay.hint, relay.alwaysFinishes) = (.finish, true)
        var plan = plan(passed: 0)
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 450 && result.brokenPromises.isEmpty)
        #expect(result.gaps.contains { $0.lo <= large.createdAt && large.createdAt <= $0.hi })
        #expect(!result.gaps.contains { $0.hi.seconds > 1_000_000 }, "\(result.gaps)")
        #expect(plan.contradictions > 0)
    }

    @Test func `an order that cannot be asked about leaves no gap in what was shown`() {
        var relay = ModelRelay(events: events(1_400))
        // The question about the order of a large page.
        relay.refuses = { $0.since != nil && $0.limit == 20 ? .inconclusive(.overBudget) : nil }
        var plan = plan(order: .unknown, passed: 0)
        let result = plan.run(on: &relay)
        #expect(result.verdict == .reachedEnd(byHint: false))
        #expect(result.seen.count == 1_400 && result.gaps.isEmpty && result.brokenPromises.isEmpty)
        #expect(plan.order == .unordered, "windows need no order")
    }

    @Test func `a large event that comes while the order is asked about is looked for from above`() {
        var relay = ModelRelay(events: events(1_400))
        var plan = plan(order: .unknown, passed: 0)
        while case .ask(let request) = plan.next(), request.limit != 20 { _ = plan.absorb(relay.answer(request)) }
        var broken = PageFacts(ending: .inconclusive(.overBudget))
        broken.endsConnection = true
        #expect(plan.absorb(broken) == WalkPlan.Progress())
        #expect(plan.next() == .ask(PageRequest(since: nil, until: nil, limit: 1)) && plan.order == .unknown)
    }

    @Test func `what is too large between a page and its outliers leaves no gap in what was shown`() {
        var factory = StampFactory(seed: 9)
        var relay = ModelRelay(events: events(3_000))
        relay.live = [1: [factory.stamp(at: 100)]]
        // The question about what lies between.
        relay.refuses = { $0.since == UnixTime(seconds: 101) ? .inconclusive(.overBudget) : nil }
        var plan = plan(passed: 0)
        let result = plan.run(on: &relay)
        #expect(result.seen.isSuperset(of: relay.events) && result.gaps.isEmpty && result.brokenPromises.isEmpty)
    }

    /// 600 events in one second, 90 about it, and a relay that gave more than it gives now.
    private func lowered() -> ModelRelay {
        var factory = StampFactory(seed: 4)
        let crowd = (0..<600).map { _ in factory.stamp(at: 1_000_100) }
        var relay = ModelRelay(events: events(90) + crowd)
        relay.cap = 200
        return relay
    }

    /// Whether there is anything below that second.
    private func asksBelow(_ request: PageRequest) -> Bool {
        request.limit == 1 && request.until == UnixTime(seconds: 1_000_099)
    }

    @Test func `what is too large below a crowded second is no gap in it`() {
        var relay = lowered()
        relay.refuses = { [self] in asksBelow($0) ? .inconclusive(.overBudget) : nil }
        var plan = plan(cap: 500, passed: 0)
        let result = plan.run(on: &relay)
        #expect(relay.requests.contains(where: asksBelow))
        #expect(result.seen.count == 690 && result.gaps.isEmpty && result.brokenPromises.isEmpty)
    }

    @Test func `a crowded second is left to itself where what is below it ends the connection`() throws {
        var relay = lowered()
        var plan = plan(cap: 500, passed: 0)
        while case .ask(let request) = plan.next(), !asksBelow(request) { _ = plan.absorb(relay.answer(request)) }
        var broken = PageFacts(ending: .inconclusive(.overBudget))
        broken.endsConnection = true
        let progress = plan.absorb(broken)
        #expect(progress.gap?.lo == UnixTime(seconds: 1_000_100) && progress.gap?.hi == progress.gap?.lo)
        #expect(progress.gap?.reason == .saturatedSecond)
        #expect(progress.frontier == UnixTime(seconds: 1_000_099) && plan.pageSize == 1)
    }

    @Test func `a census that is too large is no gap in the second that needs it`() {
        var factory = StampFactory(seed: 11)
        let crowd = (0..<900).map { _ in factory.stamp(at: 1_000_100) }
        var relay = ModelRelay(events: events(1_000) + crowd)
        relay.refuses = { ($0.kinds?.count ?? 0) > 1_000 && $0.since != $0.until ? .inconclusive(.overBudget) : nil }
        var plan = plan(passed: 0)
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 1_900 && result.brokenPromises.isEmpty && result.gaps.isEmpty)
        #expect(result.verdict == .reachedEnd(byHint: false))
    }
}
