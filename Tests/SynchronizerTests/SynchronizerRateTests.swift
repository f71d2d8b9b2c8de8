import Database
import Logging
import Nostr
import ServiceKit
import Settings
import Support
import SyncEngine
import Testing

@testable import Synchronizer

/// Relays that want less, through the whole service, a relay on loopback and PostgreSQL.
@Suite struct SynchronizerRateTests {
    private let lines = LogLines()

    /// What a cycle leaves in the relay's row.
    private struct Row {
        let dueIn: Double
        let relayClass: Int16
        let fails: Int32
        let rate: Double?
        let error: String?
    }

    private func visit(_ database: TestDatabase, _ relay: FakeRelay) async throws -> Row {
        let record = RelayRecord(url: relay.url, insertedAt: UnixTime(seconds: 1_700_000_000))
        _ = try await database.brotr.insertRelays([record])
        try await database.pool.execute("UPDATE relay_sync SET due_at = now()")
        var core = CoreSettings()
        core.networks.local.enabled = true
        var config = SynchronizerConfig()
        // An open subscription is a request like any other, and not the one that is counted here.
        config.tail.enabled = false
        let service = SynchronizerService(
            config: config,
            context: ServiceContext(
                brotr: database.brotr, core: core, logger: lines.logger(service: SynchronizerService.serviceName)))
        _ = try await service.run()
        let rows = try await database.pool.fetch(
            """
            SELECT extract(epoch FROM due_at - now())::float8, class, fails, rate::float8, last_error FROM relay_sync
            """)
        let row = try #require(rows.first)
        return Row(
            dueIn: try row.decode(at: 0), relayClass: try row.decode(at: 1), fails: try row.decode(at: 2),
            rate: try row.decode(at: 3), error: try row.decode(at: 4))
    }

    @Test func `a relay that was asked too fast is asked more slowly, also by the next visit`() async throws {
        var factory = EventFactory(seed: 41)
        let relay = try await FakeRelay.start(
            events: factory.events(20),
            behaviour: FakeRelayBehaviour { $0.answer = .closed("rate-limited: slow down") })
        try await withTestDatabase { database in
            let first = try await visit(database, relay)
            let rate = try #require(first.rate)
            #expect(rate > 0 && rate <= 0.5 && first.error == "rate_limited" && first.fails == 1)
            let second = try await visit(database, relay)
            #expect(try #require(second.rate) < rate, "what was learned is remembered and halved again")
        }
        await relay.stop()
    }

    @Test func `HTTP 429 with Retry-After says when the relay is due`() async throws {
        let relay = try await FakeRelay.start(
            behaviour: FakeRelayBehaviour {
                $0.upgradeStatus = 429
                $0.upgradeHeaders = [("Retry-After", "3000")]
            })
        try await withTestDatabase { database in
            let row = try await visit(database, relay)
            #expect((2_900...3_800).contains(row.dueIn) && row.error == "rate_limited")
        }
        await relay.stop()
    }

    @Test func `a relay that blocks us gets one question a day, and is read again when it answers`() async throws {
        var factory = EventFactory(seed: 42)
        let relay = try await FakeRelay.start(
            events: factory.events(20), behaviour: FakeRelayBehaviour { $0.answer = .closed("blocked: go away") })
        try await withTestDatabase { database in
            for visits in 1...2 {
                let row = try await visit(database, relay)
                #expect((86_000...86_500).contains(row.dueIn) && row.relayClass == 4)
                #expect(relay.requests.count == visits)
            }
            relay.behaviour = FakeRelayBehaviour()
            let row = try await visit(database, relay)
            #expect(row.relayClass == 0 && row.fails == 0 && row.dueIn < 120)
            let counted = try await database.pool.fetch("SELECT count(*) FROM events").first
            #expect(try counted?.decode(Int64.self, at: 0) == 20)
        }
        await relay.stop()
    }
}

extension FakeRelayBehaviour {
    fileprivate init(_ change: (inout FakeRelayBehaviour) -> Void) {
        self.init()
        change(&self)
    }
}
