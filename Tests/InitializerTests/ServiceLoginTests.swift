import Database
import ServiceKit
import Settings
import Support
import Testing

@testable import Initializer

/// Logins belong to the cluster, hence one test at a time.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ServiceLoginTests {
    /// A statement of a login and what becomes of it: nil, or the SQLSTATE.
    private static let rights: [(service: String, sql: String, state: String?)] = [
        ("finder", "SELECT insert_relay('wss://f.example', 'clearnet', 1)", nil),
        ("finder", "DELETE FROM relays", "42501"),
        ("finder", "UPDATE service_state SET state = '{}' WHERE service_name = 'initializer' RETURNING 1", nil),
        ("monitor", "SELECT delete_orphan_nip11()", nil),
        ("monitor", "SELECT delete_orphan_events()", "42501"),
        ("synchronizer", "SELECT delete_orphan_events()", nil),
        ("synchronizer", "UPDATE relay_sync SET frontier = 1", "42501"),
        ("priority_synchronizer", "UPDATE relay_sync SET lane = 1", nil),
        ("priority_synchronizer", "SELECT fold_statistics()", "42501"),
        ("dvm", "SELECT insert_relay('wss://d.example', 'clearnet', 1)", "42501"),
        ("api", "SELECT count(*) FROM events_statistics", nil),
        ("api", "SELECT insert_relay('wss://x.example', 'clearnet', 1)", "42501"),
        ("api", "CREATE TEMP TABLE t (n int)", "25006"),
        ("synchronizer", "CREATE TEMP TABLE t (n int)", "42501"),
        ("synchronizer", "CREATE TABLE t (n int)", "42501"),
        ("api", "SELECT create_service_login('api', 'x')", "42501"),
        ("api", "SELECT rolpassword FROM pg_authid", "42501"),
    ]

    @Test func `each login works through PgBouncer and may do its own work only`() async throws {
        try await InstallationBench.with { bench in
            let outcome = try #require(await bench.initializer().cycle(1))
            #expect(outcome.success, "\(outcome.message)")
            for service in ServiceLogins.services {
                try await bench.withLogin(ServiceLogins.login(service), password: bench.password) { brotr in
                    for item in Self.rights where item.service == service {
                        var state: String?
                        do { try await brotr.pool.fetch(NamedStatement("test", item.sql)) } catch let error
                            as DatabaseError
                        {
                            state = error.sqlState
                        }
                        #expect(state == item.state, "\(service): \(item.sql)")
                    }
                }
            }
            #expect(
                try await bench.value("SELECT count(*) FROM service_state WHERE state = '{}'", as: Int64.self) == 0,
                "another service's state")
        }
    }

    @Test func `readers have the settings of their group`() async throws {
        try await InstallationBench.with { bench in
            #expect(await bench.initializer().cycle(1)?.success == true)
            try await bench.withLogin("bigbrotr_api", password: bench.password) { brotr in
                let row = try #require(
                    try await brotr.pool.fetch(
                        "SELECT current_setting('default_transaction_read_only'), current_setting('statement_timeout')"
                    ).first)
                #expect(try row.decode(String.self, String.self) == ("on", "30s"))
            }
        }
    }

    @Test func `no password is in a log line, a statement or the catalogue`() async throws {
        try await InstallationBench.with { bench in
            let outcome = try #require(await bench.initializer().cycle(1))
            #expect(outcome.success)
            #expect(!bench.lines.all.contains { $0.contains(bench.password) })
            #expect(!"\(outcome)".contains(bench.password))
            let plain = try await bench.value(
                """
                SELECT count(*) FROM pg_authid
                 WHERE rolname LIKE 'bigbrotr_%' AND rolcanlogin AND rolpassword NOT LIKE 'SCRAM-%'
                """, as: Int64.self)
            #expect(plain == 0)
        }
    }

    @Test func `a right password stays as it is stored, a changed one is renewed`() async throws {
        try await InstallationBench.with { bench in
            #expect(await bench.initializer().cycle(1)?.success == true)
            let stored = "SELECT rolpassword FROM pg_authid WHERE rolname = 'bigbrotr_dvm'"
            let before = try await bench.value(stored, as: String.self)
            #expect(await bench.initializer().cycle(1)?.metrics["logins_renewed"] == .count(0))
            #expect(try await bench.value(stored, as: String.self) == before)
            let changed = await bench.initializer { _, _, variables in variables["DB_PASSWORD_DVM"] = "another" }.cycle(
                1)
            #expect(changed?.metrics["logins_renewed"] == .count(1))
            let other = try #require(try await bench.value(stored, as: String.self))
            #expect(PasswordVerifier.matches(other, password: "another"))
            #expect(await bench.initializer().cycle(1)?.metrics["logins_renewed"] == .count(1))
        }
    }

    @Test func `an owner without CREATEROLE is told so, and the other steps go on`() async throws {
        try await InstallationBench.with { bench in
            #expect(await bench.initializer().cycle(1)?.success == true)
            let boss = "boss_\(UInt32.random(in: 0 ... .max))"
            try await bench.server.run("CREATE ROLE \(boss) LOGIN PASSWORD '\(bench.password)' IN ROLE bigbrotr_owner")
            // Somebody's login is not as it should be, so that there is something to do.
            try await bench.server.run("ALTER ROLE bigbrotr_dvm RESET lock_timeout")
            try await bench.withLogin(boss, password: bench.password) { brotr in
                var context = bench.initializer().context
                context.brotr = brotr
                let outcome = try #require(
                    await InitializerService(config: InitializerConfig(), context: context).cycle(1))
                #expect(!outcome.success)
                #expect(outcome.errors == ["insufficient_privilege"])
                #expect(outcome.message.contains("bigbrotr_dvm") && outcome.message.contains("CREATEROLE"))
                #expect(outcome.steps.map(\.success) == [true, true, false, true, true])
            }
            #expect(await bench.initializer().cycle(1)?.success == true)
            try await bench.withLogin(boss, password: bench.password) { brotr in
                var context = bench.initializer().context
                context.brotr = brotr
                let outcome = try #require(
                    await InitializerService(config: InitializerConfig(), context: context).cycle(1))
                #expect(outcome.success, "nothing is left to do: \(outcome.message)")
            }
            try await bench.server.run("DROP OWNED BY \(boss)", database: bench.name)
            try await bench.server.run("DROP ROLE \(boss)")
        }
    }

    @Test func `a password that no login can have is named by its variable`() async throws {
        try await InstallationBench.with { bench in
            let service = bench.initializer { _, _, variables in variables["DB_PASSWORD_API"] = "pässword" }
            let outcome = try #require(await service.cycle(1))
            #expect(outcome.errors == ["bad_password"])
            #expect(outcome.message.contains("DB_PASSWORD_API") && !outcome.message.contains("pässword"))
        }
    }
}
