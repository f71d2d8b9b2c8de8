import Nostr
import RelayClient
import Support
import SyncEngine
import Testing

/// The whole protocol with relay software that was written elsewhere.
@Suite struct RealRelayTests {
    @Test(arguments: [0, 10, 2_000])
    func `what is missing here is found, no more and no less`(missing: Int) async throws {
        let events = LiveFixture.events(2_000)
        try await LiveFixture.withReal(events: events) { session, relay in
            try #require(relay.held == 2_000)
            // Scattered over the whole time, and one at each end.
            let step = missing == 0 ? 0 : events.count / missing
            let lacking = (0..<missing).map { events[$0 * step] }
            let ours = OurSet(events.filter { !lacking.contains($0) })
            let ending = try await ours.reconcile(session)
            #expect(ending == .finished)
            #expect(ours.need == Set(lacking.map(\.id)))
            #expect(ours.have.isEmpty)
        }
    }

    @Test func `what is missing there is found in a window`() async throws {
        let events = LiveFixture.events(2_000)
        let gone = Set(events.enumerated().filter { $0.offset.isMultiple(of: 100) }.map(\.element))
        try await LiveFixture.withReal(events: events.filter { !gone.contains($0) }) { session, _ in
            let (lo, hi) = (events[500].createdAt, events[1_500].createdAt)
            let window = events.filter { (lo...hi).contains($0.createdAt) }
            let filter = Filter(since: UnixTime(seconds: lo), until: UnixTime(seconds: hi))
            let ours = OurSet(window)
            let ending = try await session.reconcile(
                filter, opening: ours.open(), budget: LiveBudget.reconciliation
            ) { try ours.reply($0) }
            #expect(ending == .finished)
            #expect(ours.have == Set(window.filter(gone.contains).map(\.id)))
            #expect(ours.need.isEmpty)
        }
    }

    @Test func `events are counted`() async throws {
        let events = LiveFixture.events(700)
        try await LiveFixture.withReal(events: events) { session, _ in
            let all = try await session.count(Filter(), timeout: .seconds(60))
            #expect(all == .count(700, isApproximate: false))
            let until = UnixTime(seconds: events[99].createdAt)
            let expected = events.count { $0.createdAt <= until.seconds }
            let some = try await session.count(Filter(until: until), timeout: .seconds(60))
            #expect(some == .count(Int64(expected), isApproximate: false))
        }
    }

    @Test func `a relay that wants AUTH for reading gets it, once`() async throws {
        let events = LiveFixture.events(300)
        try await LiveFixture.withReal(events: events, options: ["--auth", "read"]) { session, _ in
            let page = try await session.page(Filter(limit: 300), budget: LiveBudget.page)
            #expect(page.ending == .conclusive(hint: nil))
            #expect(page.chunks.reduce(0) { $0 + $1.ranges.count } == 300)
            let facts = await session.facts()
            #expect(facts.isAuthenticated == true)
            let ours = OurSet(Array(events.dropLast(7)))
            let ending = try await ours.reconcile(session)
            #expect(ending == .finished)
            #expect(ours.need == Set(events.suffix(7).map(\.id)))
        }
    }

    @Test(arguments: ["count", "reconcile"])
    func `AUTH may begin with any request`(first: String) async throws {
        let events = LiveFixture.events(50)
        try await LiveFixture.withReal(events: events, options: ["--auth", "read"]) { session, _ in
            if first == "count" {
                let answer = try await session.count(Filter(), timeout: .seconds(60))
                #expect(answer == .count(50, isApproximate: false))
            } else {
                let ours = OurSet([])
                let ending = try await ours.reconcile(session)
                #expect(ending == .finished)
                #expect(ours.need.count == 50)
            }
        }
    }

    @Test func `a feed brings what is published later, beside pages`() async throws {
        var factory = EventFactory(seed: 11)
        let stored = factory.events(40)
        let later = factory.sign(kind: 1, tags: [], content: "later")
        try await LiveFixture.withReal(events: stored) { session, relay in
            let budget = FeedBudget(storedEvents: 1_000, storedBytes: 1 << 24, progressTimeout: .seconds(60))
            let feed = try await session.follow(Filter(limit: 0), budget: budget)
            let first = try await feed.next()
            #expect(first == .caughtUp)
            let page = try await session.page(Filter(limit: 100), budget: LiveBudget.page)
            #expect(page.ending == .conclusive(hint: nil))
            try await relay.add(eventJSON: later.text)
            guard case .events(let chunk) = try await feed.next() else { return #expect(Bool(false)) }
            #expect(chunk.ranges.count == 1)
            let second = try await session.page(Filter(limit: 100), budget: LiveBudget.page)
            #expect(second.chunks.reduce(0) { $0 + $1.ranges.count } == 41)
            await feed.close()
        }
    }
}
