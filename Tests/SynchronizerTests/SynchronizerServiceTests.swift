import Database
import Logging
import Nostr
import ServiceKit
import Settings
import Support
import SyncEngine
import Telemetry
import Testing

@testable import Synchronizer

@Suite struct SynchronizerServiceTests {
    private let lines = LogLines()

    /// A service on a database of its own, which may dial local relays.
    private func service(
        _ brotr: Brotr, _ change: (inout CoreSettings) -> Void = { _ in }
    ) -> SynchronizerService {
        var core = CoreSettings()
        core.networks.local.enabled = true
        change(&core)
        let logger = lines.logger(service: SynchronizerService.serviceName)
        return SynchronizerService(
            config: SynchronizerConfig(),
            context: ServiceContext(brotr: brotr, core: core, logger: logger, isOnce: true))
    }

    @Test func `each replica has a state of its own`() {
        let brotr = Brotr(
            settings: BrotrSettings(), password: nil, logger: lines.logger(), metrics: PrometheusRegistry())
        let (one, other) = (service(brotr), service(brotr))
        #expect(one.stateName == "synchronizer:\(one.context.replica)")
        #expect(one.stateName != other.stateName)
    }

    @Test func `a cycle without due relays is a success that did nothing`() async throws {
        try await withTestDatabase { database in
            let service = service(database.brotr)
            for number in 1...2 {
                let outcome = try await service.run()
                #expect(outcome.success)
                #expect(outcome.metrics["relays_visited"] == .count(0))
                #expect(await service.state.cycles == Int64(number))
            }
        }
    }

    @Test func `a cycle archives the events of a due relay and counts them`() async throws {
        var factory = EventFactory(seed: 10)
        let events = factory.events(25)
        let relay = try await FakeRelay.start(events: events)
        try await withTestDatabase { database in
            let record = RelayRecord(url: relay.url, insertedAt: UnixTime(seconds: 1_700_000_000))
            _ = try await database.brotr.insertRelays([record])
            let service = service(database.brotr)
            let outcome = try await service.run()
            #expect(outcome.success, "\(outcome.message)")
            #expect(outcome.metrics["relays_visited"] == .count(1))
            #expect(outcome.metrics["events_new"] == .count(25))
            #expect(outcome.metrics["sightings_new"] == .count(25))
            let counted = try await database.pool.fetch("SELECT count(*) FROM events").first
            #expect(try counted?.decode(Int64.self, at: 0) == 25)
            let state = await service.state
            #expect(state.relaysVisited == 1 && state.eventsNew == 25 && state.sightingsNew == 25)
            // The relay is due again only later.
            #expect(try await service.run().metrics["relays_visited"] == .count(0))
            _ = try await self.service(database.brotr).run()
            let fleet = try await database.pool.fetch(
                "SELECT (state - 'last_run_at')::text FROM service_state WHERE service_name = 'synchronizer'")
            #expect(
                try fleet.first?.decode(String.self, at: 0)
                    == #"{"cycles": 2, "events_new": 25, "sightings_new": 25, "relays_visited": 1}"#)
        }
        await relay.stop()
    }

    @Test func `a relay whose EOSE comes before its events contradicts itself`() async throws {
        var factory = EventFactory(seed: 11)
        var behaviour = FakeRelayBehaviour()
        (behaviour.endsBeforeEvents, behaviour.eoseCopies) = (true, 0)
        let relay = try await FakeRelay.start(events: factory.events(50), behaviour: behaviour)
        try await withTestDatabase { database in
            let record = RelayRecord(url: relay.url, insertedAt: UnixTime(seconds: 1_700_000_000))
            _ = try await database.brotr.insertRelays([record])
            #expect(try await service(database.brotr).run().success)
            let rows = try await database.pool.fetch(
                "SELECT coalesce((behaviour ->> 'contradictions')::int, 0) FROM relay_sync")
            #expect(try #require(rows.first).decode(Int32.self, at: 0) > 0)
        }
        await relay.stop()
    }

    @Test func `a relay that does not answer is an ordinary outcome`() async throws {
        let relay = try await FakeRelay.start()
        await relay.stop()
        try await withTestDatabase { database in
            let record = RelayRecord(url: relay.url, insertedAt: UnixTime(seconds: 1_700_000_000))
            _ = try await database.brotr.insertRelays([record])
            let outcome = try await service(database.brotr).run()
            #expect(outcome.success)
            #expect(outcome.metrics["relays_failed"] == .count(1))
            let rows = try await database.pool.fetch("SELECT owner IS NULL, fails FROM relay_sync")
            let (isFree, fails) = try #require(rows.first).decode(Bool.self, Int32.self)
            #expect(isFree && fails == 1)
        }
    }

    @Test func `a certificate file that cannot be read fails the cycle and not the service`() async throws {
        try await withTestDatabase { database in
            let service = service(database.brotr) { $0.tls.caFile = "/nowhere/ca.pem" }
            let outcome = await service.cycle(1)
            #expect(outcome?.success == false)
            #expect(lines.messages == ["cycle_failed"])
        }
    }
}
