import Database
import Support

/// What a check costs the database, by how much it holds: a constant is wanted.
struct MonitorWork {
    /// One size of the tables.
    struct Row {
        /// Relays known, and checks stored, before.
        let relays, stored: Int
        let checks: Int
        /// Transactions, which are statements here, and pages that were looked at, of a check.
        let statements, pages: Double
        /// CPU milliseconds of the servers a check, and of the Monitor.
        let servers, monitor: Double
        /// By function: milliseconds within it of a check (of `find_aliases`, of the cycle).
        let functions: [String: Double]
    }

    static let functions = ["claim_checks", "commit_check", "note_opinions", "find_aliases"]

    let rows: [Row]

    static func measure() async throws -> MonitorWork {
        let relays = try MonitoredRelays(.good, MonitorRates.good)
        defer { relays.stop() }
        var rows: [Row] = []
        for (others, each) in [(500, 2), (19_500, 2), (19_500, 50)] {
            rows.append(try await withTestDatabase { try await measure(relays, others: others, checksEach: each, $0) })
        }
        return MonitorWork(rows: rows)
    }

    private static func measure(
        _ relays: MonitoredRelays, others: Int, checksEach: Int, _ database: TestDatabase
    ) async throws -> Row {
        try await LocalEngine.add(relays.urls, to: database.brotr)
        // It would come whenever it likes, and read what was there before as well.
        try await StoreCosts.setVacuums("SET (autovacuum_enabled = off)", database)
        let plan = MonitorCycle.Plan(
            good: relays.urls, nameServer: relays.nameServer, relays: { relays.cpu }, isWatched: false)
        _ = try await MonitorCycle.run(plan, in: database)
        try await fill(others: others, checksEach: checksEach, database)
        try await MonitorRates.makeDue(database)
        for statement in ["VACUUM ANALYZE", "ALTER DATABASE \(database.name) SET track_functions = 'pl'"] {
            try await database.server.run(statement, database: database.name)
        }
        let before = try await DatabaseCounters.read(database)
        let cycle = try await MonitorCycle.run(plan, in: database)
        let after = try await DatabaseCounters.read(database)
        let scale = 1 / Double(max(cycle.checks, 1))
        let spent = after.functions.map { name, time in
            (name, (time - before.functions[name, default: 0]) * (name == "find_aliases" ? 1 : scale))
        }
        return Row(
            relays: relays.urls.count + others, stored: (others + relays.urls.count) * checksEach + relays.urls.count,
            checks: cycle.checks,
            statements: Double(after.transactions - before.transactions) * scale,
            pages: Double(after.pages - before.pages) * scale,
            servers: cycle.servers * 1_000 * scale, monitor: cycle.monitor * 1_000 * scale,
            functions: Dictionary(uniqueKeysWithValues: spent))
    }

    /// Relays that are up and not due, with events on five days; and so many checks of every relay, hour by hour.
    private static func fill(others: Int, checksEach: Int, _ database: TestDatabase) async throws {
        for statement in [
            """
            WITH made AS (
                INSERT INTO relays (relay_url, network, status)
                SELECT 'wss://other' || n || '.example.com', 'clearnet', 'online'
                  FROM generate_series(1, \(others)) AS n
                RETURNING relay_id),
            checks AS (
                INSERT INTO relay_checks (relay_id, network, queue, due_at, checked_at, planned_at)
                SELECT m.relay_id, 'clearnet', 0, now() + interval '1 day' * (1 + random()),
                       extract(epoch FROM now())::bigint, extract(epoch FROM now())::bigint + 86400 FROM made AS m)
            INSERT INTO relay_day (relay_id, day, n, idsum)
            SELECT m.relay_id, extract(epoch FROM now())::bigint / 86400 - 1 - d, 100,
                   sha256(int4send(m.relay_id) || int4send(d))
              FROM made AS m, generate_series(1, 5) AS d
            """,
            """
            WITH measured AS (
                SELECT r.relay_id, r.relay_url, n, sha256(int4send(r.relay_id) || int4send(n)) AS id,
                       extract(epoch FROM now())::bigint - 3600 * n AS at
                  FROM relays AS r, generate_series(1, \(checksEach)) AS n),
            documents AS (
                INSERT INTO nip66 (id, openable, readable, rtt_open, document)
                SELECT m.id, true, true, m.n, jsonb_build_object('openable', true, 'readable', true, 'rtt_open', m.n)
                  FROM measured AS m),
            days AS (
                INSERT INTO relay_check_days AS d (relay_id, day, checks, answered)
                SELECT m.relay_id, m.at / 86400, count(*), count(*) FROM measured AS m GROUP BY m.relay_id, m.at / 86400
                ON CONFLICT (relay_id, day) DO UPDATE SET checks = d.checks + excluded.checks)
            INSERT INTO relay_metadata (relay_url, generated_at, nip66_id)
            SELECT m.relay_url, m.at, m.id FROM measured AS m
            """,
        ] {
            try await database.server.withConnection(database: database.name) { connection in
                try await connection.query(NamedStatement("fill", statement), timeout: .seconds(600))
            }
        }
    }
}

extension Report {
    func monitorWork(_ result: MonitorWork) {
        line("")
        line("monitor: what a full check costs the database   (goal: a constant)")
        for row in result.rows {
            let times = MonitorWork.functions.map { name in
                "\(name) \(row.functions[name, default: 0].text(3)) ms\(name == "find_aliases" ? " a cycle" : "")"
            }
            line(
                "  \(row.relays) relays, \(row.stored) checks stored: \(row.statements.text(2)) statements,"
                    + " \(row.pages.text(0)) pages, CPU of the servers \(row.servers.text(2)) ms, of the Monitor"
                    + " \(row.monitor.text(2)) ms"
            )
            line("    \(times.joined(separator: ", "))")
        }
    }
}
