import Nostr
import Support
import SyncEngine
import Testing

/// COUNT through the real transport, with each way in which a relay may answer.
@Suite struct LiveCountTests {
    private func answer(
        _ counting: FakeRelayBehaviour.Counting, _ timeout: Duration = .seconds(60)
    ) async throws -> CountAnswer {
        var behaviour = FakeRelayBehaviour()
        behaviour.counting = counting
        return try await LiveFixture.withFake(events: LiveFixture.events(30), behaviour) { session, _ in
            try await session.count(Filter(), timeout: timeout)
        }
    }

    @Test func `what matches is counted`() async throws {
        let events = LiveFixture.events(900)
        let second = UnixTime(seconds: events[100].createdAt)
        var behaviour = FakeRelayBehaviour()
        behaviour.counting = .exact
        try await LiveFixture.withFake(events: events, behaviour) { session, _ in
            let all = try await session.count(Filter(), timeout: .seconds(60))
            let some = try await session.count(Filter(since: second, until: second), timeout: .seconds(60))
            #expect(all == .count(900, isApproximate: false))
            #expect(some == .count(3, isApproximate: false))
        }
    }

    @Test(arguments: [#"{"count":7,"approximate":true}"#, #"{"count":7,"limited":true}"#])
    func `a count may be approximate`(object: String) async throws {
        #expect(try await answer(.object(object)) == .count(7, isApproximate: true))
    }

    @Test(arguments: ["-1", "1000000000000000000", "1e18", "\"many\"", "9223372036854775808"])
    func `a count that cannot be says nothing`(count: String) async throws {
        #expect(try await answer(.object("{\"count\":\(count)}")) == .inconclusive(.contradicted))
    }

    @Test func `refusals are told apart`() async throws {
        #expect(try await answer(.closed("error: unknown command")) == .unsupported)
        #expect(try await answer(.closed("")) == .unsupported)
        #expect(try await answer(.closed("rate-limited: later")) == .inconclusive(.rateLimited))
        #expect(try await answer(.closed("restricted: members")) == .inconclusive(.restricted))
        #expect(try await answer(.notice("ERROR: bad msg: unknown cmd")) == .unsupported)
        #expect(try await answer(.ignored, .milliseconds(100)) == .unsupported)
    }

    @Test func `a connection that is over says nothing`() async throws {
        try await LiveFixture.withFake { session, relay in
            await session.close()
            let answer = try await session.count(Filter(), timeout: .seconds(60))
            #expect(answer == .inconclusive(.disconnected))
        }
    }

    @Test func `a cancelled task stops waiting, and the answer that comes then is a stray`() async throws {
        var behaviour = FakeRelayBehaviour()
        behaviour.counting = .ignored
        try await LiveFixture.withFake(behaviour) { session, relay in
            let task = Task { try await session.count(Filter(), timeout: .seconds(600)) }
            await relay.waitForMessages(named: "COUNT")
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }
}
