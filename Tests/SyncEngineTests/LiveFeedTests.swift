import Nostr
import RelayClient
import Support
import SyncEngine
import Testing

/// A feed through the real transport, alone and beside pages.
@Suite struct LiveFeedTests {
    private let budget = FeedBudget(storedEvents: 10_000, storedBytes: 32 << 20, progressTimeout: .seconds(60))

    /// Reads until all stored events were sent; gives how many they were.
    private func catchUp(_ feed: any RelayFeed) async throws -> Int {
        var stored = 0
        while true {
            switch try await feed.next() {
            case .events(let chunk): stored += chunk.ranges.count
            case .caughtUp: return stored
            case .end(let reason): throw EndedEarly(reason: reason)
            }
        }
    }

    private struct EndedEarly: Error { let reason: InconclusiveReason }

    @Test func `what is stored comes first, and then what is published, beside pages and counts`() async throws {
        let events = LiveFixture.events(60)
        var behaviour = FakeRelayBehaviour()
        behaviour.counting = .exact
        try await LiveFixture.withFake(events: Array(events.prefix(50)), behaviour) { session, relay in
            let feed = try await session.follow(Filter(), budget: budget)
            let stored = try await catchUp(feed)
            #expect(stored == 50)
            let other = try await session.follow(Filter(kinds: [1]), budget: budget)
            _ = try await catchUp(other)
            for event in events.suffix(10) {
                let page = try await session.page(Filter(limit: 20), budget: LiveBudget.page)
                #expect(page.ending == .conclusive(hint: nil))
                #expect(page.chunks.reduce(0) { $0 + $1.ranges.count } == 20)
                relay.publish(event)
                let item = try await feed.next()
                #expect(item == .events(EventChunk(bytes: event.json, ranges: [0..<event.json.count])))
            }
            let count = try await session.count(Filter(), timeout: .seconds(60))
            #expect(count == .count(60, isApproximate: false))
            await feed.close()
            let end = try await feed.next()
            #expect(end == .end(.disconnected))
            await relay.waitForClosed(1)
        }
    }

    @Test func `a reader that is behind ends the feed and stops no page`() async throws {
        let events = LiveFixture.events(400)
        try await LiveFixture.withFake(events: Array(events.prefix(10))) { session, relay in
            var small = budget
            small.waitingBytes = 50_000
            let feed = try await session.follow(Filter(), budget: small)
            _ = try await catchUp(feed)
            for event in events.dropFirst(10) { relay.publish(event) }
            for _ in 0..<20 {
                let page = try await session.page(Filter(limit: 50), budget: LiveBudget.page)
                #expect(page.ending == .conclusive(hint: nil))
            }
            await relay.waitForClosed(21)
            var last = try await feed.next()
            while case .events = last { last = try await feed.next() }
            #expect(last == .end(.overBudget))
            let again = try await feed.next()
            #expect(again == .end(.overBudget))
        }
    }

    @Test func `each end has its reason`() async throws {
        let ends: [(FakeRelayBehaviour.Answer, InconclusiveReason)] = [
            (.closed("rate-limited: later"), .rateLimited), (.closed("restricted: members"), .restricted),
            (.closed("error: x"), .closed), (.disconnect(afterEvents: 0), .disconnected), (.silent, .timedOut),
        ]
        for (answer, reason) in ends {
            try await LiveFixture.withFake(.init(answer)) { session, _ in
                var short = budget
                if case .silent = answer { short.progressTimeout = .milliseconds(50) }
                let feed = try await session.follow(Filter(), budget: short)
                let item = try await feed.next()
                #expect(item == .end(reason), "\(answer)")
            }
        }
    }

    @Test func `stored events over the budget end it`() async throws {
        try await LiveFixture.withFake(events: LiveFixture.events(50)) { session, _ in
            let small = FeedBudget(storedEvents: 20, storedBytes: 1 << 20, progressTimeout: .seconds(60))
            let feed = try await session.follow(Filter(), budget: small)
            await #expect(throws: EndedEarly.self) { try await catchUp(feed) }
        }
    }

    @Test func `a refused feed authenticates and asks once more`() async throws {
        var behaviour = FakeRelayBehaviour()
        behaviour.requiresAuth = true
        behaviour.challenge = "prove it"
        let events = LiveFixture.events(6)
        try await LiveFixture.withFake(events: events, behaviour) { session, relay in
            let feed = try await session.follow(Filter(), budget: budget)
            let stored = try await catchUp(feed)
            #expect(stored == 6)
            #expect(relay.messages(named: "AUTH").count == 1)
        }
        behaviour.refusalAfterAuth = "auth-required: somebody else"
        try await LiveFixture.withFake(events: events, behaviour) { session, relay in
            let feed = try await session.follow(Filter(), budget: budget)
            let item = try await feed.next()
            #expect(item == .end(.authRequired))
            #expect(relay.requests.count == 2)
        }
    }

    @Test func `a feed on a connection that is over has ended`() async throws {
        try await LiveFixture.withFake { session, _ in
            await session.close()
            let feed = try await session.follow(Filter(), budget: budget)
            let item = try await feed.next()
            #expect(item == .end(.disconnected))
        }
    }

    @Test func `a feed that nobody holds is closed`() async throws {
        try await LiveFixture.withFake { session, relay in
            _ = try await session.follow(Filter(), budget: budget)
            await relay.waitForClosed(1)
        }
    }
}
