import Database
import Nostr
import ServiceKit
import Settings
import Support
import SyncEngine
import Testing

@testable import Synchronizer

/// What a relay may send, through the whole service.
@Suite struct SynchronizerLimitsTests {
    private let lines = LogLines()

    private func service(
        _ brotr: Brotr, _ limits: (inout LimitsSettings) -> Void = { _ in },
        sync: (inout SyncSettings) -> Void = { _ in }
    ) -> SynchronizerService {
        var core = CoreSettings()
        core.networks.local.enabled = true
        limits(&core.limits)
        var config = SynchronizerConfig()
        sync(&config.sync)
        let logger = lines.logger(service: SynchronizerService.serviceName)
        return SynchronizerService(
            config: config,
            context: ServiceContext(brotr: brotr, core: core, logger: logger, isOnce: true))
    }

    private func sizes(_ database: TestDatabase) async throws -> [Int32] {
        try await database.pool.fetch("SELECT octet_length(content) AS size FROM events ORDER BY size")
            .map { try $0.decode(at: 0) }
    }

    /// $1 second; complete intervals that hold it.
    private static let claimed = NamedStatement(
        "claimed", "SELECT count(*) FROM relay_coverage WHERE $1 BETWEEN lo AND hi AND state IN (2, 3, 4)",
        parameters: [.int8], columns: [.int8], isIdempotent: true)

    @Test func `an event may be as large as a message may be, and what is over is known`() async throws {
        var factory = EventFactory(seed: 32)
        let large = String(repeating: "é", count: 3 << 20)
        let older = factory.sign(kind: 1, tags: [], content: large)
        factory.createdAt += 10
        let events = [factory.sign(kind: 1, tags: [], content: "small"), older]
        let relay = try await FakeRelay.start(events: events)
        try await withTestDatabase { database in
            let record = RelayRecord(url: relay.url, insertedAt: UnixTime(seconds: 1_700_000_000))
            _ = try await database.brotr.insertRelays([record])
            _ = try await service(database.brotr).run()
            #expect(try await sizes(database) == [5])
            let rows = try await database.pool.fetch(Self.claimed, .int8(events[1].createdAt))
            #expect(try #require(rows.first).decode(Int64.self, at: 0) == 0)
            try await database.pool.execute("UPDATE relay_sync SET due_at = now()")
            #expect(try await service(database.brotr) { $0.messageBytes = .mebibytes(8) }.run().success)
            #expect(try await sizes(database) == [5, Int32(large.utf8.count)])
        }
        await relay.stop()
    }

    private func insert(_ relay: FakeRelay, _ database: TestDatabase) async throws {
        let record = RelayRecord(url: relay.url, insertedAt: UnixTime(seconds: 1_700_000_000))
        _ = try await database.brotr.insertRelays([record])
    }

    @Test func `levels of an event, and bytes kept of one that is refused, are settings`() async throws {
        let deep = EventFactory(seed: 33).sign(kind: 1, tags: [], content: String(repeating: "x", count: 70_000))
            .replacing(#"{"id":"#, with: #"{"a":[[[]]],"id":"#)
        let relay = try await FakeRelay.start(events: [deep])
        for bytes in [ByteCount.kibibytes(1), .kibibytes(64)] {
            try await withTestDatabase { database in
                try await insert(relay, database)
                _ = try await service(database.brotr, sync: { $0.quarantineBytes = bytes }).run()
                #expect(try await sizes(database).isEmpty)
                let rows = try await database.pool.fetch("SELECT reason, octet_length(raw) FROM quarantine")
                let (reason, kept) = try #require(rows.first).decode(String.self, Int32.self)
                #expect(reason == "too_deep" && Int(kept) == bytes.bytes)
            }
        }
        try await withTestDatabase { database in
            try await insert(relay, database)
            _ = try await service(database.brotr) { $0.eventDepth = 4 }.run()
            #expect(try await sizes(database) == [70_000])
        }
        await relay.stop()
    }

    @Test func `bytes kept of an event whose signature is wrong are the same setting`() async throws {
        let forged = EventFactory(seed: 34).sign(kind: 1, tags: [], content: String(repeating: "x", count: 5_000))
            .withBrokenSignature
        let relay = try await FakeRelay.start(events: [forged])
        try await withTestDatabase { database in
            try await insert(relay, database)
            _ = try await service(database.brotr, sync: { $0.quarantineBytes = .kibibytes(2) }).run()
            let rows = try await database.pool.fetch("SELECT reason, octet_length(raw) FROM quarantine")
            let (reason, kept) = try #require(rows.first).decode(String.self, Int32.self)
            #expect(reason == "bad_signature" && kept == 2_048)
        }
        await relay.stop()
    }

    @Test func `how far ahead of the clock events are read like others is a setting`() async throws {
        var past = EventFactory(seed: 35)
        let due = past.events(30)
        var future = EventFactory(
            seed: 36, createdAt: UnixTime.wallClock().seconds + 1_800, eventsPerSecond: 1)
        let relay = try await FakeRelay.start(events: due + future.events(40))
        var found: [Int64] = []
        for slack in [Seconds(60), 3_600] {
            try await withTestDatabase { database in
                try await insert(relay, database)
                let service = service(database.brotr, sync: { ($0.clockSlack, $0.pageSize) = (slack, 10) })
                #expect(try await service.run().success)
                let rows = try await database.pool.fetch(
                    "SELECT count(*) FROM events UNION ALL SELECT count(*) FROM events WHERE created_at < 1750000000")
                let counts = try rows.map { try $0.decode(Int64.self, at: 0) }
                found.append(try #require(counts.first) - (try #require(counts.last)))
                #expect(counts.last == 30)
            }
        }
        #expect(found == [10, 40])
        await relay.stop()
    }
}
