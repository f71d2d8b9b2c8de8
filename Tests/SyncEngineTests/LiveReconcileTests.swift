import Crypto
import Nostr
import RelayClient
import Support
import SyncEngine
import Testing

/// Reconciliation through the real transport, with each way in which a relay may answer.
@Suite struct LiveReconcileTests {
    private func ending(
        _ reconciling: FakeRelayBehaviour.Reconciling, _ budget: ReconciliationBudget = LiveBudget.reconciliation
    ) async throws -> (ending: ReconciliationEnding, messages: [String]) {
        var behaviour = FakeRelayBehaviour()
        behaviour.reconciling = reconciling
        let events = LiveFixture.events(300)
        return try await LiveFixture.withFake(events: events, behaviour) { session, relay in
            let ending = try await OurSet(Array(events.prefix(200))).reconcile(session, budget)
            // What was sent for it has arrived when the answer to something later has.
            _ = try await session.page(Filter(limit: 1), budget: LiveBudget.page)
            return (ending, relay.messages)
        }
    }

    private func closes(_ messages: [String]) -> Int { messages.count { $0.hasPrefix(#"["NEG-CLOSE""#) } }

    @Test(arguments: [0, 10, 1_000])
    func `what each side lacks is found, and the relay is told of the end`(missing: Int) async throws {
        let events = LiveFixture.events(1_010)
        try await LiveFixture.withFake(events: Array(events.dropLast(10))) { session, relay in
            let ours = OurSet(Array(events.dropFirst(missing)))
            let ending = try await ours.reconcile(session)
            #expect(ending == .finished)
            #expect(ours.need == Set(events.prefix(missing).map(\.id)))
            #expect(ours.have == Set(events.suffix(10).map(\.id)))
            await relay.waitForMessages(named: "NEG-CLOSE")
        }
    }

    @Test func `several rounds at a small frame`() async throws {
        let events = LiveFixture.events(3_000)
        try await LiveFixture.withFake(events: events) { session, _ in
            let ours = OurSet(
                events.enumerated().filter { !$0.offset.isMultiple(of: 3) }.map(\.element),
                limits: NegentropyLimits(frameBytes: 4_096))
            let ending = try await ours.reconcile(session)
            #expect(ending == .finished)
            #expect(ours.need.count == 1_000)
            #expect(ours.rounds > 4)
        }
    }

    @Test(arguments: ["ERROR: bad msg: negentropy disabled", "unknown message type", "invalid command: NEG-OPEN"])
    func `a NOTICE instead of the first answer is no support`(notice: String) async throws {
        let (ending, messages) = try await ending(.notice(notice))
        #expect(ending == .unsupported)
        #expect(closes(messages) == 0)
    }

    @Test func `neither are CLOSED and silence`() async throws {
        #expect(try await ending(.closed("error: unknown")).ending == .unsupported)
        let silent = try await ending(.ignored, LiveBudget.short)
        #expect(silent.ending == .silent)
        #expect(closes(silent.messages) == 1)
    }

    @Test func `a refusal keeps what it says`() async throws {
        let tooMany = try await ending(.error("blocked: too many query results", 1_000_000))
        #expect(
            tooMany.ending
                == .refused(prefix: .blocked, message: "blocked: too many query results", maxRecords: 1_000_000))
        #expect(tooMany.ending.isTooLarge)
        #expect(closes(tooMany.messages) == 0)
        let blocked = try await ending(.error("blocked: not you", nil)).ending
        #expect(blocked == .refused(prefix: .blocked, message: "blocked: not you"))
        #expect(!blocked.isTooLarge)
        #expect(try await ending(.error("rate-limited: later", nil)).ending == .inconclusive(.rateLimited))
        #expect(
            try await ending(.closed("restricted: members")).ending
                == .refused(prefix: .restricted, message: "restricted: members"))
    }

    @Test func `a long reason is cut`() async throws {
        guard
            case .refused(_, let message, _) = try await ending(.error(String(repeating: "x", count: 9_999), nil))
                .ending
        else { return #expect(Bool(false)) }
        #expect(message.utf8.count == 512)
    }

    @Test func `rounds without end stop at the budget`() async throws {
        let budget = ReconciliationBudget(firstAnswerTimeout: .seconds(60), progressTimeout: .seconds(60), rounds: 5)
        let (ending, messages) = try await ending(.endless, budget)
        #expect(ending == .inconclusive(.overBudget))
        #expect(messages.count { $0.hasPrefix(#"["NEG-MSG""#) } == 5)
        #expect(closes(messages) == 1)
    }

    @Test func `bytes stop at the budget`() async throws {
        let budget = ReconciliationBudget(
            firstAnswerTimeout: .seconds(60), progressTimeout: .seconds(60), bytes: 4_000)
        #expect(try await ending(.normal, budget).ending == .inconclusive(.overBudget))
    }

    @Test func `what our own reader limits is over budget too`() async throws {
        var behaviour = FakeRelayBehaviour()
        behaviour.reconciling = .endless
        try await LiveFixture.withFake(events: LiveFixture.events(10), behaviour) { session, relay in
            let ours = OurSet(LiveFixture.events(100), limits: NegentropyLimits(maxRounds: 2))
            let ending = try await ours.reconcile(session)
            #expect(ending == .inconclusive(.overBudget))
            await relay.waitForMessages(named: "NEG-CLOSE")
        }
    }

    @Test(arguments: ["6g", "abc", "61FF"])
    func `garbage for hex is malformed`(text: String) async throws {
        let (ending, messages) = try await ending(.text(text))
        #expect(ending == .malformed("bad_hex"))
        #expect(closes(messages) == 1)
    }

    @Test func `messages that are none are malformed, each by its kind`() async throws {
        #expect(try await ending(.text("60")).ending == .malformed("unsupported_version"))
        #expect(try await ending(.text("610000028affffffff7f")).ending == .malformed("id_list_too_long"))
        let truncated = try await ending(.text("6100"))
        #expect(truncated.ending == .malformed("truncated"))
        #expect(closes(truncated.messages) == 1)
    }

    @Test func `silence after an answer proves nothing`() async throws {
        let budget = ReconciliationBudget(firstAnswerTimeout: .seconds(60), progressTimeout: .milliseconds(100))
        #expect(try await ending(.silent(after: 1), budget).ending == .inconclusive(.timedOut))
    }

    @Test func `a lost connection proves nothing`() async throws {
        var behaviour = FakeRelayBehaviour()
        behaviour.reconciling = .disconnect(after: 1)
        let events = LiveFixture.events(300)
        try await LiveFixture.withFake(events: events, behaviour) { session, _ in
            for _ in 0..<2 {
                let ending = try await OurSet(Array(events.prefix(100))).reconcile(session)
                #expect(ending == .inconclusive(.disconnected))
            }
        }
    }

    @Test func `what reply throws otherwise passes, and the relay is told`() async throws {
        struct Own: Error {}
        try await LiveFixture.withFake { session, relay in
            await #expect(throws: Own.self) {
                try await session.reconcile(
                    Filter(), opening: OurSet([]).open(), budget: LiveBudget.reconciliation
                ) { _ in throw Own() }
            }
            await relay.waitForMessages(named: "NEG-CLOSE")
        }
    }

    @Test func `a cancelled task ends it, and the relay is told`() async throws {
        var behaviour = FakeRelayBehaviour()
        behaviour.reconciling = .ignored
        try await LiveFixture.withFake(behaviour) { session, relay in
            let task = Task { try await OurSet([]).reconcile(session) }
            await relay.waitForMessages(named: "NEG-OPEN")
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            await relay.waitForMessages(named: "NEG-CLOSE")
        }
    }

    @Test func `ids that no REQ delivers are claims like others`() async throws {
        var behaviour = FakeRelayBehaviour()
        let events = LiveFixture.events(20)
        behaviour.phantoms = Array(events.suffix(3))
        try await LiveFixture.withFake(events: Array(events.dropLast(3)), behaviour) { session, _ in
            let ours = OurSet(Array(events.dropLast(3)))
            let ending = try await ours.reconcile(session)
            #expect(ending == .finished)
            #expect(ours.need == Set(events.suffix(3).map(\.id)))
            let page = try await session.page(Filter(ids: Array(ours.need)), budget: LiveBudget.page)
            #expect(page.ending == .conclusive(hint: nil) && page.chunks.isEmpty)
        }
    }

    @Test func `a reconciliation and pages share a connection`() async throws {
        let events = LiveFixture.events(400)
        try await LiveFixture.withFake(events: events) { session, _ in
            let ours = OurSet(Array(events.prefix(300)))
            async let page = session.page(Filter(limit: 100), budget: LiveBudget.page)
            let ending = try await ours.reconcile(session)
            let count = try await page.chunks.reduce(0) { $0 + $1.ranges.count }
            #expect(ending == .finished)
            #expect(count == 100)
            #expect(ours.need.count == 100)
        }
    }
}
