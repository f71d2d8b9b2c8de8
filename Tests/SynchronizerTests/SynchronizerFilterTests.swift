import Crypto
import Database
import Logging
import Nostr
import ServiceKit
import Settings
import Support
import SyncEngine
import Testing

@testable import Synchronizer

/// Filters through the whole service, a relay on loopback and PostgreSQL.
@Suite struct SynchronizerFilterTests {
    private let lines = LogLines()

    private func service(_ brotr: Brotr, _ change: (inout SynchronizerConfig) -> Void) -> SynchronizerService {
        var core = CoreSettings()
        core.networks.local.enabled = true
        var config = SynchronizerConfig()
        change(&config)
        let logger = lines.logger(service: SynchronizerService.serviceName)
        return SynchronizerService(
            config: config, context: ServiceContext(brotr: brotr, core: core, logger: logger, isOnce: true))
    }

    private func makeDue(_ database: TestDatabase) async throws {
        try await database.pool.execute("UPDATE relay_sync SET due_at = now()")
        try await database.pool.execute("UPDATE relay_coverage SET rescan_at = now() WHERE rescan_at IS NOT NULL")
    }

    private func kinds(_ database: TestDatabase) async throws -> [Int32] {
        try await database.pool.fetch("SELECT DISTINCT kind FROM events ORDER BY kind").map { try $0.decode(at: 0) }
    }

    /// States of the coverage, and sightings that were ended.
    private func claims(_ database: TestDatabase) async throws -> (states: [Int16], gone: Int64) {
        let rows = try await database.pool.fetch("SELECT state FROM relay_coverage ORDER BY lo")
        let gone = try await database.pool.fetch("SELECT count(*) FROM events_relays WHERE gone_at IS NOT NULL").first
        return (try rows.map { try $0.decode(at: 0) }, try #require(gone).decode(at: 0))
    }

    @Test(arguments: [FakeRelayBehaviour.Reconciling.normal, .notice("ERROR: bad msg: negentropy disabled")])
    func `a filter holds for pages and sets, and another one begins anew`(
        reconciling: FakeRelayBehaviour.Reconciling
    ) async throws {
        var factory = EventFactory(seed: 31)
        let events = factory.events(120)
        var behaviour = FakeRelayBehaviour()
        behaviour.reconciling = reconciling
        let relay = try await FakeRelay.start(events: events, behaviour: behaviour)
        try await withTestDatabase { database in
            let record = RelayRecord(url: relay.url, insertedAt: UnixTime(seconds: 1_700_000_000))
            _ = try await database.brotr.insertRelays([record])
            let first = service(database.brotr) { $0.filter.kinds = [7, 1] }
            #expect(try await first.run().success)
            #expect(try await kinds(database) == [1, 7])
            let filters = relay.requests.flatMap(\.filters)
            #expect(filters.count >= 2 && filters.allSatisfy { $0.kinds == [1, 7] })
            try await makeDue(database)
            _ = try await first.run()
            var claims = try await claims(database)
            #expect(claims.states.contains(CoverageState.sealed.rawValue) && claims.gone == 0)

            // Another filter: nothing counts as sealed until it was read under that one.
            try await makeDue(database)
            let second = service(database.brotr) { $0.filter.kinds = [6, 7] }
            _ = try await second.run()
            #expect(try await kinds(database) == [1, 6, 7])
            claims = try await self.claims(database)
            #expect(!claims.states.contains(CoverageState.sealed.rawValue) && claims.gone == 0)
            try await makeDue(database)
            _ = try await second.run()
            claims = try await self.claims(database)
            #expect(claims.states.contains(CoverageState.sealed.rawValue))
            #expect(claims.gone == 0, "what the new filter leaves out is still on the relay")
        }
        await relay.stop()
    }

    @Test func `authors, tags and a range leave the rest on the relay`() async throws {
        var factory = EventFactory(seed: 32, createdAt: 1_700_000_000)
        let author = factory.author(1)
        var (wanted, others): ([SampleEvent], [SampleEvent]) = ([], [])
        for number in 0..<40 {
            factory.createdAt += 100
            let tags = number % 2 == 0 ? [["t", "nostr"]] : [["t", "other"]]
            let event = factory.sign(
                kind: 1, tags: tags, content: "\(number)", by: number % 4 < 2 ? author : factory.author(2))
            let isInRange = (1_700_000_500...1_700_003_000).contains(event.createdAt)
            if number % 4 == 0, isInRange { wanted.append(event) } else { others.append(event) }
        }
        let relay = try await FakeRelay.start(events: wanted + others)
        try await withTestDatabase { database in
            let record = RelayRecord(url: relay.url, insertedAt: UnixTime(seconds: 1_700_000_000))
            _ = try await database.brotr.insertRelays([record])
            let service = service(database.brotr) { config in
                config.filter.authors = [author.publicKey.hex]
                config.filter.tags = SettingsMap(["t": ["nostr"]])
                config.timeRange.since = 1_700_000_500
                config.timeRange.until = 1_700_003_000
            }
            _ = try await service.run()
            let rows = try await database.pool.fetch("SELECT event_id FROM events")
            #expect(Set(try rows.map { try $0.decode(Bytes32.self, at: 0) }) == Set(wanted.map(\.id)))
            let bounds = try await database.pool.fetch("SELECT min(lo), max(hi) FROM relay_coverage").first
            let (lo, hi) = try #require(bounds).decode(Int64.self, Int64.self)
            #expect(lo == 1_700_000_500 && hi == 1_700_003_000)
            let filters = relay.requests.flatMap(\.filters)
            #expect(filters.count >= 2)
            #expect(filters.allSatisfy { $0.since ?? 0 >= lo && $0.until ?? .max <= hi && !$0.tags.isEmpty })
        }
        await relay.stop()
    }

    @Test func `sightings are compared by kind, author and the first value of a tag`() async throws {
        let factory = EventFactory(seed: 33)
        let (one, other) = (factory.author(1), factory.author(2))
        let events = [
            factory.sign(kind: 1, tags: [["t", "a"], ["t", "b"]], content: "", by: one),
            factory.sign(kind: 1, tags: [["t", "c", "a"], ["p", "a"]], content: "", by: one),
            factory.sign(kind: 7, tags: [["t", "a"], ["x", "y"]], content: "", by: other),
            factory.sign(kind: 1, tags: [], content: "", by: other),
        ]
        let relay = try await FakeRelay.start(events: events)
        try await withTestDatabase { database in
            let record = RelayRecord(url: relay.url, insertedAt: UnixTime(seconds: 1_700_000_000))
            _ = try await database.brotr.insertRelays([record])
            _ = try await service(database.brotr) { _ in }.run()
            let number = try await database.pool.fetch("SELECT relay_id FROM relay_sync").first
            let id = RelayID(try #require(number).decode(Int32.self, at: 0))
            let (t, x) = (try #require(TagName(Character("t"))), try #require(TagName(Character("x"))))
            let expected: [(Filter, [Int])] = [
                (Filter(), [0, 1, 2, 3]), (Filter(kinds: [1]), [0, 1, 3]), (Filter(kinds: []), []),
                (Filter(authors: [other.publicKey]), [2, 3]), (Filter(tags: [t: ["a"]]), [0, 2]),
                (Filter(tags: [t: ["b", "c"]]), [0, 1]), (Filter(tags: [t: ["a"], x: ["y", "z"]]), [2]),
                (Filter(authors: [one.publicKey], kinds: [1], tags: [t: ["a"]]), [0]),
            ]
            for (filter, places) in expected {
                let found = try await database.brotr.relaySightings(
                    id, from: UnixTime(seconds: 0), to: UnixTime(seconds: 2_000_000_000), limit: 10, matching: filter)
                #expect(Set(found?.map(\.id) ?? []) == Set(places.map { events[$0].id }), "\(filter)")
            }
            let tooMany = try await database.brotr.relaySightings(
                id, from: UnixTime(seconds: 0), to: UnixTime(seconds: 2_000_000_000), limit: 2,
                matching: Filter(kinds: [1]))
            #expect(tooMany == nil)
        }
        await relay.stop()
    }
}
