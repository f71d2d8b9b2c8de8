import Database
import Logging
import Nostr
import ServiceKit
import Settings
import Support
import SyncEngine
import Telemetry
import Testing

@testable import PrioritySynchronizer

@Suite struct PrioritySynchronizerServiceTests {
    private let lines = LogLines()

    private func service(_ brotr: Brotr, _ relays: PriorityList) -> PrioritySynchronizerService {
        var core = CoreSettings()
        core.networks.local.enabled = true
        var config = PrioritySynchronizerConfig()
        config.relays = relays
        let logger = lines.logger(service: PrioritySynchronizerService.serviceName)
        return PrioritySynchronizerService(
            config: config, context: ServiceContext(brotr: brotr, core: core, logger: logger, isOnce: true))
    }

    private func list(_ urls: [String], file: String? = nil) -> PriorityList {
        var list = PriorityList()
        (list.urls, list.path) = (urls, file)
        return list
    }

    @Test func `each replica has a state of its own`() {
        let brotr = Brotr(
            settings: BrotrSettings(), password: nil, logger: lines.logger(), metrics: PrometheusRegistry())
        let (one, other) = (service(brotr, list([])), service(brotr, list([])))
        #expect(one.stateName == "priority_synchronizer:\(one.context.replica)")
        #expect(one.stateName != other.stateName)
    }

    @Test func `a cycle archives what is listed and leaves the ordinary lane alone`() async throws {
        var factory = EventFactory(seed: 11)
        let events = factory.events(25)
        let (listed, other) = (
            try await FakeRelay.start(events: events), try await FakeRelay.start(events: factory.events(5))
        )
        try await withTestDatabase { database in
            let record = RelayRecord(url: other.url, insertedAt: UnixTime(seconds: 1_700_000_000))
            _ = try await database.brotr.insertRelays([record])
            let service = service(database.brotr, list([listed.url.text]))
            let outcome = try await service.run()
            #expect(outcome.success && outcome.errors.isEmpty, "\(outcome.message)")
            #expect(outcome.metrics["relays_visited"] == .count(1))
            #expect(outcome.metrics["events_new"] == .count(25))
            #expect(outcome.steps.map(\.name) == ["priority_list"])
            let state = await service.state
            #expect(state.cycles == 1 && state.relaysVisited == 1 && state.eventsNew == 25)
            #expect(other.connectionCount == 0)
            let folds = try await database.pool.fetch("SELECT fence FROM service_leases WHERE name = 'statistics'")
                .first
            #expect(try folds?.decode(Int64.self, at: 0) == 0, "its role may not fold statistics")
        }
        await listed.stop()
        await other.stop()
    }

    @Test func `a list that cannot be read is an error of a cycle that succeeds`() async throws {
        try await withTestDatabase { database in
            let outcome = try await service(database.brotr, list([], file: "/nowhere/list.txt")).run()
            #expect(outcome.success)
            #expect(outcome.errors.count == 1 && outcome.errors.first?.contains("/nowhere/list.txt") == true)
            #expect(outcome.steps.first?.success == false)
        }
    }

    @Test func `the list is given back when the service ends`() async throws {
        try await withTestDatabase { database in
            let service = service(database.brotr, list([]))
            _ = try await service.run()
            let held = "SELECT count(*) FROM service_leases WHERE name = 'priority_list' AND owner IS NOT NULL"
            let before = try await database.pool.fetch(NamedStatement("held", held)).first
            #expect(try before?.decode(Int64.self, at: 0) == 1)
            service.stop()
            await service.end()
            let after = try await database.pool.fetch(NamedStatement("held", held)).first
            #expect(try after?.decode(Int64.self, at: 0) == 0)
        }
    }
}
