import Database
import Logging
import Nostr
import ServiceKit
import Settings
import Support
import SyncEngine
import Testing

@testable import Synchronizer

/// What is on record of a relay's COUNT, through the whole service, a relay on loopback and PostgreSQL.
@Suite struct SynchronizerCountTests {
    private let lines = LogLines()

    /// Six events on each of ten days.
    private func events() -> [SampleEvent] {
        var factory = EventFactory(seed: 61)
        return (0..<60).map { number in
            factory.createdAt = 1_699_920_000 + Int64(number) * 14_400
            return factory.next()
        }
    }

    private func visit(_ database: TestDatabase) async throws -> (count: Bool?, class: Int16, fails: Int32) {
        try await database.pool.execute("UPDATE relay_sync SET due_at = now()")
        try await database.pool.execute("UPDATE relay_coverage SET rescan_at = now()")
        var core = CoreSettings()
        core.networks.local.enabled = true
        var config = SynchronizerConfig()
        config.tail.enabled = false
        let service = SynchronizerService(
            config: config,
            context: ServiceContext(
                brotr: database.brotr, core: core, logger: lines.logger(service: SynchronizerService.serviceName)))
        let outcome = try await service.run()
        #expect(outcome.success)
        let rows = try await database.pool.fetch(
            "SELECT (behaviour ->> 'count')::boolean, class, fails FROM relay_sync")
        return try #require(rows.first).decode(Bool?.self, Int16.self, Int32.self)
    }

    private func withRelay(
        _ counting: FakeRelayBehaviour.Counting, _ body: (TestDatabase, FakeRelay) async throws -> Void
    ) async throws {
        var behaviour = FakeRelayBehaviour()
        behaviour.counting = counting
        let relay = try await FakeRelay.start(events: events(), behaviour: behaviour)
        try await withTestDatabase { database in
            let record = RelayRecord(url: relay.url, insertedAt: UnixTime(seconds: 1_700_000_000))
            _ = try await database.brotr.insertRelays([record])
            try await body(database, relay)
        }
        await relay.stop()
    }

    @Test(
        arguments: [
            (FakeRelayBehaviour.Counting.exact, true), (.object(#"{"count":7}"#), false),
            (.object(#"{"count":6,"approximate":true}"#), false), (.object(#"{"count":6}"#), true),
            (.closed("error: COUNT is not known here"), false), (.notice("ERROR: unknown command COUNT"), false),
        ] as [(FakeRelayBehaviour.Counting, Bool)])
    func `a relay is asked once, when a day of it is proven`(
        _ counting: FakeRelayBehaviour.Counting, isExact: Bool
    ) async throws {
        try await withRelay(counting) { database, relay in
            let first = try await visit(database)
            #expect(first.count == nil, "read once, proven never")
            let second = try await visit(database)
            #expect(second.count == isExact)
            #expect(second.class == 0 && second.fails == 0, "the visit does not mind")
            let third = try await visit(database)
            #expect(third.count == isExact)
            #expect(relay.messages(named: "COUNT").count == 1)
        }
    }

    @Test func `who has to be known to count says nothing, and is asked again`() async throws {
        try await withRelay(.closed("auth-required: who are you")) { database, relay in
            for _ in 1...3 {
                let seen = try await visit(database)
                #expect(seen.count == nil)
            }
            #expect(relay.messages(named: "COUNT").count >= 2)
        }
    }

    @Test func `silence is waited for a short while`() async throws {
        try await withRelay(.ignored) { database, _ in
            _ = try await visit(database)
            let second = try await visit(database)
            #expect(second.count == false && second.class == 0 && second.fails == 0)
        }
    }
}
