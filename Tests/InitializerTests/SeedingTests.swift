import Database
import ServiceKit
import Settings
import Support
import Testing

@testable import Initializer

@Suite(.timeLimit(.minutes(5))) struct SeedingTests {
    @Test func `bad lines are reported with number and reason, the others are stored`() async throws {
        let seed = "# two\nwss://a.example\nnot a relay\nws://127.0.0.1:1\nWSS://A.example/\nwss://b.example\n"
        try await InstallationBench.with(seed: seed) { bench in
            let outcome = try #require(await bench.initializer { config, _, _ in config.seed.batchSize = 1 }.cycle(1))
            #expect(outcome.success, "\(outcome.message)")
            let names = ["relays_seeded", "relays_known", "relays_rejected", "relays_duplicate"]
            #expect(names.map { outcome.metrics[$0] } == [.count(2), .count(0), .count(2), .count(1)])
            let step = try #require(outcome.steps.last)
            #expect(step.details["lines"] == .list(["line 3 forbidden_character", "line 4 local_address"]))
            #expect(step.details["rejected_local_address"] == .count(1))
            let line = try #require(bench.lines.all.last { $0.contains("step_completed") })
            #expect(line.contains(#""count_inserted":2"#) && line.contains(#""lines":["line 3 "#))
            #expect(bench.lines.messages.count { $0 == "seed_line_rejected" } == 2)
            #expect(bench.lines.messages.count { $0 == "seed_lines_rejected" } == 1)
        }
    }

    @Test func `local relays are stored where networks.local allows them`() async throws {
        try await InstallationBench.with(seed: "ws://127.0.0.1:7777\n") { bench in
            let outcome = await bench.initializer { _, core, _ in core.networks.local.enabled = true }.cycle(1)
            #expect(outcome?.metrics["relays_seeded"] == .count(1))
            let network = try await bench.value("SELECT network FROM relays", as: String.self)
            #expect(network == "local")
        }
    }

    @Test func `a seed file that is not there is named, and the rest is done`() async throws {
        try await InstallationBench.with { bench in
            let service = bench.initializer { config, _, _ in config.seed.path = "data/none.txt" }
            let outcome = try #require(await service.cycle(1))
            #expect(!outcome.success)
            #expect(outcome.message.contains("data/none.txt"))
            #expect(outcome.steps.map(\.success) == [true, true, true, true, false])
            let off = bench.initializer { config, _, _ in
                config.seed.path = "data/none.txt"
                config.seed.enabled = false
            }
            #expect(await off.cycle(1)?.success == true)
        }
    }

    @Test func `a batch whose connection dies is sent again`() async throws {
        let seed = (0..<400).map { "wss://relay-\($0).example\n" }.joined()
        try await InstallationBench.with(seed: seed) { bench in
            let without = bench.initializer { config, _, _ in config.seed.enabled = false }
            #expect(await without.cycle(1)?.success == true)
            // The third batch ends its own connection, once: a sequence does not come back with the transaction.
            for sql in [
                "CREATE SEQUENCE calls",
                """
                CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
                    IF nextval('calls') = 3 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
                    RETURN NULL; END $$
                """,
                "CREATE TRIGGER die AFTER INSERT ON relays FOR EACH ROW EXECUTE FUNCTION die()",
            ] { try await bench.pool.execute(NamedStatement("test", sql)) }
            try await bench.pool.execute(NamedStatement("test", "ALTER FUNCTION die() OWNER TO \(bench.server.user)"))
            let outcome = try #require(await bench.initializer().cycle(1))
            #expect(outcome.success, "\(outcome.message)")
            #expect(outcome.metrics["relays_seeded"] == .count(400))
            #expect(try await bench.value("SELECT count(*) FROM relays", as: Int64.self) == 400)
        }
    }

    @Test func `a relay that the database refuses is counted, and its batch is stored`() async throws {
        let seed = (0..<50).map { "wss://relay-\($0).example\n" }.joined()
        try await InstallationBench.with(seed: seed) { bench in
            let without = bench.initializer { config, _, _ in config.seed.enabled = false }
            #expect(await without.cycle(1)?.success == true)
            try await bench.pool.execute(
                NamedStatement(
                    "test",
                    """
                    ALTER TABLE relays ADD CONSTRAINT
                    odd CHECK (relay_url NOT IN ('wss://relay-7.example', 'wss://relay-31.example'))
                    """))
            let outcome = try #require(await bench.initializer().cycle(1))
            #expect(outcome.success)
            #expect(outcome.metrics["relays_seeded"] == .count(48))
            #expect(outcome.metrics["relays_rejected"] == .count(2))
            #expect(outcome.steps.last?.details["refused_by_database"] == .count(2))
        }
    }

    @Test func `a request to end stops between two batches`() async throws {
        let seed = (0..<200).map { "wss://relay-\($0).example\n" }.joined()
        try await InstallationBench.with(seed: seed) { bench in
            let service = bench.initializer()
            service.stop()
            #expect(await service.cycle(1) == nil)
        }
    }

    @Test func `a long list is seeded whole, batch by batch`() async throws {
        let seed = (0..<20_000).map { "wss://relay-\($0).example/\n" }.joined()
        try await InstallationBench.with(seed: seed) { bench in
            let outcome = try #require(await bench.initializer().cycle(1))
            #expect(outcome.metrics["relays_seeded"] == .count(20_000))
            #expect(try await bench.value("SELECT count(*) FROM relay_sync", as: Int64.self) == 20_000)
        }
    }
}
