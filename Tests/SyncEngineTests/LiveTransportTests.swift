import Nostr
import RelayClient
import Support
import Testing

@testable import SyncEngine

/// What the transport tells of a relay beside its answers.
@Suite struct LiveTransportTests {
    private func failure(_ status: Int, _ headers: [(String, String)]) async throws -> (kind: String, wait: Duration?) {
        var behaviour = FakeRelayBehaviour()
        behaviour.upgradeStatus = status
        behaviour.upgradeHeaders = headers
        let relay = try await FakeRelay.start(behaviour: behaviour)
        let transport = try LiveFixture.transport()
        var result: (String, Duration?)?
        do {
            await (try transport.connect(to: relay.url)).close()
        } catch {
            result = (transport.failureKind(error), transport.retryAfter(error))
        }
        await relay.stop()
        return try #require(result)
    }

    @Test(arguments: [429, 503])
    func `a refused upgrade says when to come again`(status: Int) async throws {
        let now = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
        let date = try await failure(status, [now, ("Retry-After", "Sun, 06 Nov 1994 09:49:37 GMT")])
        #expect(date.kind == "rate_limited")
        #expect(date.wait == .seconds(3_600))
        #expect(try await failure(status, [("Retry-After", "30")]).wait == .seconds(30))
        #expect(try await failure(status, [("Retry-After", "999999999999")]).wait == .seconds(86_400))
        #expect(try await failure(status, []).wait == nil)
    }

    @Test func `other errors name no time`() throws {
        #expect(try LiveFixture.transport().retryAfter(CancellationError()) == nil)
    }

    @Test func `facts tell what a connection has shown, after its end too`() async throws {
        var behaviour = FakeRelayBehaviour()
        behaviour.challenge = "who"
        behaviour.eoseCopies = 3
        behaviour.noticeBeforeAnswer = "rate-limited: slow down"
        try await LiveFixture.withFake(events: LiveFixture.events(20), behaviour) { session, relay in
            _ = try await session.page(Filter(), budget: LiveBudget.page)
            behaviour.noticeBeforeAnswer = "ERROR: too many concurrent REQs"
            behaviour.changesSubscriptionID = true
            relay.behaviour = behaviour
            let budget = PageBudget(
                events: 10, bytes: 1 << 20, progressTimeout: .milliseconds(100), totalTimeout: .seconds(60))
            _ = try await session.page(Filter(), budget: budget)
            var open = await session.facts()
            // The page may have ended before all of its answer came.
            while open.strayEnds < 5 { open = await session.facts() }
            await session.close()
            let facts = await session.facts()
            // The relay's goodbye.
            #expect(facts.bytesReceived > open.bytesReceived)
            open.bytesReceived = facts.bytesReceived
            #expect(facts == open)
            #expect(facts.remoteAddress == "127.0.0.1")
            #expect(facts.bytesReceived > 20_000)
            #expect((facts.notices, facts.rateNotices, facts.subscriptionNotices) == (2, 1, 1))
            #expect((facts.challenges, facts.isAuthenticated) == (1, nil))
            #expect((facts.foreignEvents, facts.lateEvents, facts.badMessages) == (20, 0, 0))
            #expect(facts.strayEnds == 5)
        }
    }

    @Test func `a page that finds no room in memory ends, and gives back what it held`() async throws {
        let events = LiveFixture.events(300)
        try await LiveFixture.withFake(events: events, FakeRelayBehaviour()) { session, _ in
            let memory = PageMemory(bytes: 10_000)
            var budget = LiveBudget.page
            budget.loan = try await memory.begin()
            let page = try await session.page(Filter(), budget: budget)
            #expect(page.ending == .inconclusive(.overBudget) && page.chunks.isEmpty)
            #expect(budget.loan?.isShort == true)
            budget.loan = nil
            #expect(memory.free == 10_000)
            #expect(try await session.page(Filter(), budget: LiveBudget.page).ending == .conclusive(hint: nil))
        }
    }

    @Test func `silence after words of a rate limit is that, and an answer is an answer`() async throws {
        var behaviour = FakeRelayBehaviour(.silent)
        behaviour.noticeBeforeAnswer = "rate-limited: slow down"
        // The NOTICE must be here by then.
        let short = PageBudget(
            events: 10, bytes: 1 << 20, progressTimeout: .seconds(2), totalTimeout: .seconds(60))
        try await LiveFixture.withFake(events: LiveFixture.events(3), behaviour) { session, relay in
            let silent = try await session.page(Filter(), budget: short)
            #expect(silent.ending == .inconclusive(.rateLimited))
            behaviour.answer = .normal
            relay.behaviour = behaviour
            let answered = try await session.page(Filter(), budget: LiveBudget.page)
            #expect(answered.ending == .conclusive(hint: nil))
            #expect(answered.chunks.map(\.ranges.count).reduce(0, +) == 3)
        }
    }
}
