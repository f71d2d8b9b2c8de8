import Database
import ServiceKit
import Settings
import Support
import Testing

@testable import Initializer

@Suite(.timeLimit(.minutes(5))) struct InstallationTests {
    private static let steps = [
        "wait_for_database", "apply_schema", "create_logins", "verify_schema", "seed_relays",
    ]

    @Test func `a fresh database becomes whole, and a second run changes nothing`() async throws {
        try await InstallationBench.with { bench in
            let first = try #require(await bench.initializer().cycle(1))
            #expect(first.success, "\(first.message)")
            #expect(first.steps.map(\.name) == Self.steps)
            #expect(first.metrics["relays_seeded"] == .count(1))
            #expect(first.metrics["schema_files_run"] == .count(8))
            let before = try await bench.inventory()
            let again = try #require(await bench.initializer().cycle(1))
            #expect(again.success, "\(again.message)")
            #expect(again.metrics["schema_files_run"] == .count(0))
            #expect(again.metrics["relays_seeded"] == .count(0))
            #expect(again.metrics["relays_known"] == .count(1))
            #expect(again.metrics["logins_created"] == .count(0))
            #expect(again.metrics["logins_renewed"] == .count(0))
            #expect(try await bench.inventory() == before)
            let saved = try #require(try await bench.brotr.loadServiceState(name: "initializer"))
            let state = try InitializerState(json: saved.json)
            #expect(state.lastRunAt != nil)
            #expect(state.schemaVersion == 1)
            #expect((state.runs, state.relaysSeeded, state.relaysKnown) == (2, 1, 1))
        }
    }

    @Test func `two at once meet and both succeed`() async throws {
        try await InstallationBench.with { bench in
            let outcomes = await withTaskGroup(of: Outcome?.self) { group in
                for _ in 0..<2 { group.addTask { await bench.initializer().cycle(1) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for outcome in outcomes { #expect(outcome?.success == true, "\(outcome?.message ?? "none")") }
            let rows = try await bench.value("SELECT count(*) FROM schema_migrations", as: Int64.self)
            let relays = try await bench.value("SELECT count(*) FROM relays", as: Int64.self)
            #expect((rows, relays) == (1, 1))
        }
    }

    @Test func `only missing migrations run, each with its row, also when two start together`() async throws {
        try await InstallationBench.with { bench in
            #expect(await bench.initializer().cycle(1)?.success == true)
            try bench.folder.write("CREATE TABLE later (n int);", to: "postgres/migrations/0002_later.sql")
            try bench.folder.write("INSERT INTO later VALUES (3);", to: "postgres/migrations/0003_more.sql")
            let outcomes = await withTaskGroup(of: Outcome?.self) { group in
                for _ in 0..<2 { group.addTask { await bench.initializer().cycle(1) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for outcome in outcomes {
                #expect(outcome?.success == true, "\(outcome?.message ?? "none")")
                #expect(outcome?.metrics["schema_version"] == nil)
                let step = outcome?.steps.first { $0.name == "apply_schema" }
                #expect(step?.details["schema_version"] == .number(3))
            }
            #expect(try await bench.value("SELECT count(*) FROM later", as: Int64.self) == 1)
            let names = try await bench.brotr.schemaVersions().map(\.name)
            #expect(names == ["0001_first_release", "0002_later", "0003_more"])
        }
    }

    @Test func `a migration that fails leaves nothing of itself and names its file`() async throws {
        try await InstallationBench.with { bench in
            #expect(await bench.initializer().cycle(1)?.success == true)
            try bench.folder.write(
                "CREATE TABLE half (n int); SELECT nonsense FROM nowhere;", to: "postgres/migrations/0002_bad.sql")
            let outcome = try #require(await bench.initializer().cycle(1))
            #expect(!outcome.success)
            #expect(outcome.message.contains("0002_bad"))
            #expect(try await bench.value("SELECT to_regclass('half') IS NULL", as: Bool.self) == true)
            #expect(try await bench.brotr.schemaVersion() == 1)
        }
    }

    @Test func `a changed migration is named and nothing is done`() async throws {
        try await InstallationBench.with { bench in
            #expect(await bench.initializer().cycle(1)?.success == true)
            try bench.folder.write("-- other", to: "postgres/migrations/0001_first_release.sql")
            let outcome = try #require(await bench.initializer().cycle(1))
            #expect(!outcome.success)
            #expect(outcome.errors == ["checksum_mismatch"])
            #expect(outcome.message.contains("0001_first_release.sql"))
            #expect(outcome.steps.map(\.name) == Array(Self.steps.prefix(2)))
        }
    }

    @Test func `missing files are named, and the failed run says so though it has no place for its state`() async throws
    {
        try await InstallationBench.with { bench in
            let service = bench.initializer { _, core, _ in core.schema.path = "nowhere" }
            let outcome = try #require(await service.cycle(1))
            #expect(!outcome.success)
            #expect(outcome.errors == ["file_unreadable"])
            #expect(outcome.message.contains("nowhere/migrations"))
        }
    }

    @Test func `what is missing is named, whatever kind it is, and nothing is seeded`() async throws {
        try await InstallationBench.with { bench in
            let first = bench.initializer { config, _, _ in config.seed.enabled = false }
            #expect(await first.cycle(1)?.success == true)
            for sql in [
                "DROP TABLE quarantine CASCADE", "DROP VIEW kind_counts_by_relay", "DROP FUNCTION known_events",
                "ALTER TABLE relays DROP COLUMN last_seen CASCADE",
            ] { try await bench.pool.execute(NamedStatement("test", sql)) }
            let service = bench.initializer { config, _, _ in config.expectedSchema.tables.append("not_there") }
            let outcome = try #require(await service.cycle(1))
            #expect(!outcome.success)
            #expect(outcome.errors == ["schema_incomplete"])
            for name in [
                "table quarantine", "view kind_counts_by_relay", "procedure known_events", "table not_there",
                "column relays.last_seen",
            ] { #expect(outcome.message.contains(name)) }
            #expect(try await bench.value("SELECT count(*) FROM relays", as: Int64.self) == 0)
        }
    }

    @Test func `what is not verified is not missed`() async throws {
        try await InstallationBench.with { bench in
            #expect(await bench.initializer().cycle(1)?.success == true)
            try await bench.pool.execute(NamedStatement("test", "DROP VIEW kind_counts_by_relay"))
            let service = bench.initializer { config, _, _ in config.verification.views = false }
            let outcome = try #require(await service.cycle(1))
            #expect(outcome.success, "\(outcome.message)")
        }
    }

    @Test func `a database that is not there ends with the name of that`() async throws {
        try await InstallationBench.with { bench in
            try await bench.withLogin("nobody_of_that_name", password: "x") { brotr in
                var context = bench.initializer().context
                context.brotr = brotr
                var config = InitializerConfig()
                config.retry.maxAttempts = 1
                let outcome = try await InitializerService(config: config, context: context).run()
                #expect(!outcome.success)
                #expect(outcome.steps.map(\.name) == ["wait_for_database"])
                #expect(outcome.errors.count == 1)
            }
        }
    }
}
