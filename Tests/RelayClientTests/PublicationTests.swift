import Crypto
import Nostr
import Support
import Testing

@testable import RelayClient

/// EVENT and its OK (NIP-01), against the fake relay and real relay software.
@Suite(.timeLimit(.minutes(5))) struct PublicationTests {
    private static let patience = Duration.seconds(60)

    private func event(_ content: String = "x") -> Event {
        UnsignedEvent(createdAt: UnixTime(seconds: 1_700_000_000), kind: 1, content: content).sign(with: .random())
    }

    private func answer(
        _ change: (inout FakeRelayBehaviour) -> Void, within limit: Duration = patience
    ) async throws -> PublicationEnd {
        var behaviour = FakeRelayBehaviour()
        change(&behaviour)
        let relay = try await FakeRelay.start(behaviour: behaviour)
        let connection = try await RelayFixture.connect(relay)
        let end = try await connection.publish(event(), timeout: limit)
        await connection.close()
        await relay.stop()
        return end
    }

    @Test func `OK says what became of an event`() async throws {
        #expect(try await answer { $0.taking = .accepts } == .accepted(message: ""))
        #expect(
            try await answer { $0.taking = .refuses("blocked: go away") }
                == .refused(prefix: .blocked, message: "blocked: go away"))
        #expect(try await answer { $0.taking = .refuses("no") } == .refused(prefix: nil, message: "no"))
    }

    @Test func `silence, and an OK for another event, are no answer`() async throws {
        #expect(try await answer({ $0.taking = .ignores }, within: .milliseconds(200)) == .unanswered)
        #expect(try await answer({ $0.taking = .answersAnother }, within: .milliseconds(200)) == .unanswered)
    }

    @Test func `a connection that ends, or floods, ends what waits`() async throws {
        guard case .broken = try await answer({ $0.taking = .disconnects }) else {
            Issue.record("it is over")
            return
        }
        #expect(try await answer { $0.taking = .notices(1000) } == .broken(.noticeFlood))
    }

    @Test func `several may be under way, and one that nobody waits for is forgotten`() async throws {
        let relay = try await FakeRelay.start()
        let connection = try await RelayFixture.connect(relay, limits: RelayLimits())
        let events = (0..<4).map { event("\($0)") }
        let ends = try await withThrowingTaskGroup(of: PublicationEnd.self) { group in
            for event in events { group.addTask { try await connection.publish(event, timeout: Self.patience) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(ends == Array(repeating: .accepted(message: ""), count: 4))
        relay.behaviour.taking = .ignores
        let waiting = Task { try await connection.publish(event(), timeout: Self.patience) }
        await relay.waitForMessages(named: "EVENT", count: 5)
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        relay.behaviour.taking = .accepts
        #expect(try await connection.publish(event(), timeout: Self.patience) == .accepted(message: ""))
        await connection.close()
        #expect(try await connection.publish(event(), timeout: Self.patience) == .broken(.closedByUs))
        await relay.stop()
    }

    @Test func `there is a most of those under way`() async throws {
        let relay = try await FakeRelay.start(
            behaviour: {
                var behaviour = FakeRelayBehaviour()
                behaviour.taking = .ignores
                return behaviour
            }())
        var limits = RelayLimits()
        limits.maxPublications = 1
        let connection = try await RelayFixture.connect(relay, limits: limits)
        let waiting = Task { try await connection.publish(event(), timeout: Self.patience) }
        await relay.waitForMessages(named: "EVENT")
        #expect(try await connection.publish(event(), timeout: Self.patience) == .broken(.tooManySubscriptions))
        await connection.close()
        #expect(try await waiting.value == .broken(.closedByUs))
        await relay.stop()
    }

    @Test func `real relay software takes an event, and one it has`() async throws {
        try await RealRelay.withRunning { relay in
            let connection = try await RelayFixture.dialer().connect(
                RelayURL.parse(relay.url), timeout: Self.patience)
            let event = event()
            #expect(try await connection.publish(event, timeout: Self.patience) == .accepted(message: ""))
            guard case .accepted = try await connection.publish(event, timeout: Self.patience) else {
                Issue.record("a second time is no fault")
                return
            }
            await connection.close()
        }
    }

    @Test func `time that we make the relay wait is not the relay's`() {
        var state = PublicationState(timeout: .seconds(2), now: .zero)
        #expect(state.handle(.tick(now: .seconds(1), isPaused: false)) == nil)
        #expect(state.handle(.tick(now: .seconds(9), isPaused: true)) == nil)
        #expect(state.handle(.tick(now: .seconds(9.5), isPaused: false)) == nil)
        #expect(state.handle(.tick(now: .seconds(10), isPaused: false)) == .unanswered)
    }
}
