import Database
import Glibc
import Nostr
import Support
import Testing

/// The Monitor as it is run: processes with its own rights, through PgBouncer.
@Suite(.serialized, .timeLimit(.minutes(10))) struct MonitorFleetTests {
    private static let own = """
        checks:
          period: 20
          timeout: 15
          concurrency: 10
          confirmation: 0.2
          nip11_timeout: 0.2
        interval: 0.2
        cycle_limit: 2
        """

    private static func makeDue(_ fleet: Fleet) async throws {
        try await fleet.database.pool.execute(NamedStatement("make_due", "UPDATE relay_checks SET due_at = now()"))
    }

    private static func checks(_ fleet: Fleet) async throws -> Int {
        try await fleet.number("SELECT count(*) FROM relay_metadata")
    }

    @Test func `replicas that are killed and started again leave every check whole`() async throws {
        let relay = try await FakeRelay.start()
        try await withFleet(as: [.monitor]) { fleet in
            try await fleet.add((0..<40).map { "\(relay.url.text)/\($0)" })
            var processes = try (0..<2).map { _ in try fleet.start(.monitor, own: Self.own) }
            for round in 1...4 {
                let goal = try await Self.checks(fleet) + 25
                // Takes leases from under whoever holds them, too.
                try await Self.makeDue(fleet)
                try await eventually(
                    "round \(round) checks", found: { processes.map(\.everything).joined(separator: "\n") }
                ) { try await Self.checks(fleet) >= goal }
                let killed = processes.removeFirst()
                killed.send(signal: SIGKILL)
                _ = try await killed.exit()
                processes.append(try fleet.start(.monitor, own: Self.own))
            }
            try await Self.makeDue(fleet)
            try await eventually(
                "every relay is known", found: { processes.map(\.everything).joined(separator: "\n") }
            ) { try await fleet.number("SELECT count(*) FROM relays WHERE status = 'online'") == 40 }
            // Those of the killed ones too.
            try await eventually("every lease is taken over") {
                try await fleet.number("SELECT count(*) FROM relay_checks WHERE due_at <= now()") == 0
            }
            try await eventually("both take a signal") { processes.allSatisfy { !$0.log("schema_ready").isEmpty } }
            for process in processes { #expect(try await process.terminate() == 0, "\(process.everything)") }

            #expect(try await fleet.number("SELECT count(owner) FROM relay_checks") == 0)
            let counted = try await fleet.number("SELECT sum(checks)::bigint FROM relay_check_days")
            #expect(try await Self.checks(fleet) == counted)
            #expect(try await fleet.number("SELECT count(*) FROM relay_transitions") == 40)
            #expect(
                try await fleet.number(
                    """
                    SELECT count(*) FROM relay_checks c JOIN relays r USING (relay_id)
                     WHERE c.checked_at = r.last_seen AND c.checked_at = (
                           SELECT max(m.generated_at) FROM relay_metadata m WHERE m.relay_url = r.relay_url)
                    """) == 40)
            #expect(try await fleet.number("SELECT count(*) FROM relay_uptime WHERE days = 1 AND by_checks = 1") == 40)
        }
        await relay.stop()
    }

    @Test func `one cycle checks what is due and ends well`() async throws {
        let silent = try FreePort.find()
        try await RealRelay.withRunning { relay in
            try await withFleet(as: [.monitor]) { fleet in
                try await fleet.add([relay.url, "ws://127.0.0.1:\(silent)"])
                let process = try fleet.start(.monitor, own: "", arguments: ["--once"])
                #expect(try await process.exit(within: .seconds(120)) == 0, "\(process.everything)")
                let cycle = try #require(process.log("cycle_completed").first)
                #expect(cycle["count_relays_checked"] as? Int == 2 && cycle["count_relays_answered"] as? Int == 1)
                let saved = "SELECT count(*) FROM service_state WHERE service_name = 'monitor'"
                #expect(try await fleet.number("\(saved) AND state ? 'last_run_at'") == 1)
            }
        }
    }
}
