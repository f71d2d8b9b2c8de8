import Database
import Foundation
import Nostr
import ServiceKit
import Settings
import Support
import Testing

@testable import Finder

/// Cycles on a real database, through PgBouncer.
@Suite struct FinderServiceTests {
    private static func count(_ outcome: Outcome, _ name: String) -> Outcome.Metric? { outcome.metrics[name] }

    @Test func `events that name relays in every slot make them known, each event once`() async throws {
        try await withFinderBench { bench in
            try await bench.store([
                FinderBench.event(kind: 10002, tags: [["r", "wss://List.example/"], ["r", "wss://10.0.0.1"]]),
                FinderBench.event(kind: 3, #"{"wss://follow.example":{}}"#),
                FinderBench.event(tags: [["e", "aa", "ws://hint.example:80"]], "and wss://text.example."),
                FinderBench.event(kind: 0, "nothing here"),
            ])
            let finder = bench.finder()
            let outcome = try await finder.run()
            #expect(outcome.success && Self.count(outcome, "events_scanned") == 4)
            #expect(Self.count(outcome, "relays_found") == 4 && Self.count(outcome, "mentions_rejected") == 1)
            #expect(
                try await bench.candidates() == [
                    "ws://hint.example events event_hint 1 1", "wss://follow.example events follow_list 1 1",
                    "wss://list.example events relay_list 1 1", "wss://text.example events text 1 1",
                ])
            #expect(
                try await bench.texts("SELECT concat(spelling, ' ', n) FROM relay_spellings").sorted() == [
                    "ws://hint.example:80 1", "wss://List.example/ 1", "wss://follow.example 1", "wss://text.example 1",
                ])
            // With everything that a relay needs to be read and checked.
            let rows = try await bench.texts("SELECT relay_id::text FROM relay_sync JOIN relay_checks USING (relay_id)")
            #expect(rows.count == 5)
            let again = try await finder.run()
            #expect(again.success && Self.count(again, "events_scanned") == 0)
            #expect(try await bench.candidates().count == 4)
            #expect(await finder.state.lastSeenAt != nil)
        }
    }

    @Test func `distinct authors are counted once, mentions each time`() async throws {
        try await withFinderBench { bench in
            let (one, other) = (FinderBench.key("one"), FinderBench.key("other"))
            let tags = [["r", "wss://a.example"], ["r", "wss://A.example"], ["r", "wss://a.example"]]
            try await bench.store(
                (0..<5).map { FinderBench.event(kind: 10002, tags: tags, at: 1_700_000_000 + $0, by: one) })
            _ = try await bench.finder().run()
            #expect(try await bench.candidates() == ["wss://a.example events relay_list 5 1"])
            try await bench.store([FinderBench.event(kind: 10002, tags: tags, by: other)])
            _ = try await bench.finder().run()
            #expect(try await bench.candidates() == ["wss://a.example events relay_list 6 2"])
            #expect(
                try await bench.texts("SELECT concat(spelling, ' ', n) FROM relay_spellings").sorted()
                    == ["wss://A.example 6", "wss://a.example 6"])
        }
    }

    @Test func `batches of any size read each event once, and a cycle ends at its limit`() async throws {
        try await withFinderBench { bench in
            try await bench.store(
                (0..<97).map { FinderBench.event(tags: [["r", "wss://r\($0 % 40).example"]], "\($0)") })
            for (batch, limit) in [(1, 3), (7, 20), (30, 1000)] {
                let outcome = try await bench.finder {
                    ($0.eventScan.batchSize, $0.eventScan.maxEventsPerCycle, $0.insertBatchSize) = (batch, limit, 4)
                }.run()
                #expect(outcome.success)
                #expect(Self.count(outcome, "events_scanned") == .count([3: 3, 20: 20][limit] ?? 74))
            }
            #expect(try await bench.relays().count == 40)
            #expect(try await bench.texts("SELECT sum(mentions)::text FROM relay_candidates") == ["97"])
            #expect(bench.lines.messages.contains("scan_progress") == false)
        }
    }

    @Test func `progress is told every so many events`() async throws {
        try await withFinderBench { bench in
            try await bench.store((0..<50).map { FinderBench.event("\($0)") })
            _ = try await bench.finder { ($0.eventScan.batchSize, $0.logging.progressInterval) = (5, 20) }.run()
            #expect(bench.lines.messages.count { $0 == "scan_progress" } == 2)
        }
    }

    @Test func `a batch that commits late is not passed over`() async throws {
        try await withFinderBench { bench in
            let finder = bench.finder()
            try await bench.database.pool.withTransaction { connection in
                // Takes its transaction number first and commits last; the events share a second.
                try await connection.query(Self.insert("wss://late.example"), timeout: .seconds(10))
                try await bench.store([FinderBench.event(tags: [["r", "wss://early.example"]])], settles: false)
                #expect(try await finder.run().success)
                #expect(try await bench.relays() == [])
            }
            try await bench.settle()
            let outcome = try await finder.run()
            #expect(Self.count(outcome, "events_scanned") == 2)
            #expect(try await bench.relays().contains("wss://late.example"))
            #expect(try await bench.relays().contains("wss://early.example"))
            #expect(Self.count(try await finder.run(), "events_scanned") == 0)
        }
    }

    /// An event of one's own on a relay of its own, so that its transaction holds nothing that others want.
    private static func insert(_ url: String) -> NamedStatement {
        NamedStatement(
            "test",
            """
            SELECT insert_event(sha256('late'), sha256('p'), 1700000000, 1, '[["r", "\(url)"]]', '',
                sha256('') || sha256(''), 'wss://other.example', 'clearnet', 1, 1)
            """)
    }

    @Test func `one works, the other stands by; a lost lease stores nothing`() async throws {
        try await withFinderBench { bench in
            try await bench.store([FinderBench.event(tags: [["r", "wss://a.example"]])])
            let owner = ReplicaID.random()
            let fence = try #require(
                try await bench.database.brotr.claimServiceLease("finder", owner: owner, ttl: .seconds(60)))
            let outcome = try await bench.finder().run()
            #expect(outcome.success && outcome.message == "another replica is active")
            #expect(try await bench.relays() == [])

            let store = FinderStore(brotr: bench.database.brotr, queryTimeout: .seconds(10))
            let from = try await store.position().position
            let event = try #require(try await store.events(after: from, limit: 10).first)
            let batch = CandidateBatch()
            await #expect(throws: CandidateError.leaseLost) {
                _ = try await store.commit(
                    batch, source: "events", move: (from, event.position), owner: owner, fence: fence - 1)
            }
            #expect(try await store.position().position == from)
            #expect(
                try await store.commit(
                    batch, source: "events", move: (from, event.position), owner: owner, fence: fence) == 0)
            // Sent again after a lost answer, it is refused as done.
            await #expect(throws: CandidateError.watermarkMoved) {
                _ = try await store.commit(
                    batch, source: "events", move: (from, event.position), owner: owner, fence: fence)
            }
            try await bench.database.brotr.releaseServiceLease("finder", owner: owner, fence: fence)
            #expect(Self.count(try await bench.finder().run(), "events_scanned") == 0)
        }
    }

    @Test func `an end between batches loses nothing and counts nothing twice`() async throws {
        try await withFinderBench { bench in
            try await bench.store((0..<60).map { FinderBench.event(tags: [["r", "wss://r\($0).example"]]) })
            // The database refuses the third call: the process might as well have been killed there.
            try await bench.database.server.run(Self.fault, database: bench.database.name)
            let failed = try await bench.finder { $0.eventScan.batchSize = 10 }.run()
            #expect(!failed.success && failed.errors.count == 1)
            #expect(try await bench.relays().count == 20)
            try await bench.database.server.run(
                "DROP TRIGGER fault ON scan_watermarks", database: bench.database.name)
            #expect(try await bench.finder { $0.eventScan.batchSize = 7 }.run().success)
            #expect(try await bench.relays().count == 60)
            #expect(try await bench.texts("SELECT sum(mentions)::text FROM relay_candidates") == ["60"])
        }
    }

    /// The watermark cannot move beyond the twentieth event.
    private static let fault = """
        DO $do$ BEGIN
            CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'fault' USING ERRCODE = '57014'; END $$;
            CREATE TRIGGER fault BEFORE UPDATE ON scan_watermarks FOR EACH ROW
                WHEN (OLD.batch_id >= 20) EXECUTE FUNCTION fault();
        END $do$
        """

    @Test func `events that were erased are passed over`() async throws {
        try await withFinderBench { bench in
            try await bench.store((0..<5).map { FinderBench.event(tags: [["r", "wss://r\($0).example"]]) })
            try await bench.database.server.run(
                "DELETE FROM events WHERE id <= 3", database: bench.database.name)
            let outcome = try await bench.finder { $0.eventScan.batchSize = 2 }.run()
            #expect(Self.count(outcome, "events_scanned") == 5)
            #expect(try await bench.relays().count == 2)
        }
    }

    @Test func `a switched-off scan reads nothing`() async throws {
        try await withFinderBench { bench in
            try await bench.store([FinderBench.event(tags: [["r", "wss://a.example"]])])
            let outcome = try await bench.finder { $0.eventScan.enabled = false }.run()
            #expect(outcome.success && outcome.steps.map(\.name) == ["ranking"])
            #expect(try await bench.relays() == [])
        }
    }
}
