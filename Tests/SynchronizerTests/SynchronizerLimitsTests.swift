import Database
import Nostr
import ServiceKit
import Settings
import Support
import SyncEngine
import Testing

@testable import Synchronizer

/// What a relay may send in one message, through the whole service.
@Suite struct SynchronizerLimitsTests {
    private let lines = LogLines()

    private func service(_ brotr: Brotr, message: ByteCount) -> SynchronizerService {
        var core = CoreSettings()
        core.networks.local.enabled = true
        core.limits.messageBytes = message
        let logger = lines.logger(service: SynchronizerService.serviceName)
        return SynchronizerService(
            config: SynchronizerConfig(),
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
        let factory = EventFactory(seed: 32)
        let large = String(repeating: "é", count: 3 << 20)
        let events = [
            factory.sign(kind: 1, tags: [], content: "small"), factory.sign(kind: 1, tags: [], content: large),
        ]
        let relay = try await FakeRelay.start(events: events)
        try await withTestDatabase { database in
            let record = RelayRecord(url: relay.url, insertedAt: UnixTime(seconds: 1_700_000_000))
            _ = try await database.brotr.insertRelays([record])
            _ = try await service(database.brotr, message: .mebibytes(4)).run()
            #expect(try await sizes(database).allSatisfy { $0 == 5 })
            let rows = try await database.pool.fetch(Self.claimed, .int8(events[1].createdAt))
            #expect(try #require(rows.first).decode(Int64.self, at: 0) == 0)
            try await database.pool.execute("UPDATE relay_sync SET due_at = now()")
            #expect(try await service(database.brotr, message: .mebibytes(8)).run().success)
            #expect(try await sizes(database) == [5, Int32(large.utf8.count)])
        }
        await relay.stop()
    }
}
