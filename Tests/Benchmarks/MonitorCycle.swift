import Database
import Glibc
import Support

/// One cycle of the Monitor, the real executable: what is due is checked, then it ends.
struct MonitorCycle {
    /// How it is run.
    struct Plan {
        /// Relays whose end is waited for, among all that are due.
        var good: [String]
        /// Checks at one time; nil leaves what is shipped.
        var concurrency: Int?
        /// Whom it asks for names.
        var nameServer: String
        /// Seconds of CPU of the relays so far.
        var relays: () -> Double
        /// When the process is asked to stop although more is due: once the good ones are checked, or after this time.
        var patience: Duration?
        /// The benchmark looks into the database meanwhile; without it only the end of the process is seen.
        var isWatched = true
    }

    /// Checks that were stored, and those of the good ones among them.
    let checks, goodChecks: Int
    /// From the start of the process to the last good one's storing, and to its end.
    let goodSeconds, seconds: Double
    /// Seconds of CPU.
    let monitor, servers, relays: Double
    /// Most that was resident, in MiB.
    let peak: Double
    /// Most relays that were held at one time.
    let mostHeld: Int
    /// Checks a second, of the good ones.
    var rate: Double { Double(goodChecks) / goodSeconds }

    static func run(_ plan: Plan, in database: TestDatabase) async throws -> MonitorCycle {
        let (before, servers, relays) = (try await look(plan, database), CPUTime.servers, plan.relays())
        let start = ContinuousClock.now
        let process = try BenchmarkService.monitor.start(
            database, connections: max(plan.concurrency ?? 0, 100), own: settings(plan), ["--once"],
            trusting: try TestCertificates.writeAuthority())
        var (good, monitor, peak, held) = (0.0, 0.0, 0.0, 0)
        var (last, isStopping) = (before, false)
        while process.isRunning {
            monitor = max(monitor, CPUTime.of(process: process.processID))
            peak = max(peak, CPUTime.peakMebibytes(of: process.processID))
            if plan.isWatched { last = try await look(plan, database) }
            held = max(held, last.held)
            let passed = ContinuousClock.now - start
            if good == 0, last.good - before.good >= plan.good.count { good = passed.inSeconds }
            if !isStopping, let patience = plan.patience, good > 0 || passed > patience {
                // Once: a second signal ends it at once, and with another status.
                isStopping = true
                process.send(signal: SIGTERM)
            }
            try await ContinuousClock().sleep(for: .milliseconds(100))
        }
        let seconds = (ContinuousClock.now - start).inSeconds
        let status = try await process.exit()
        precondition(status == 0, process.everything)
        last = try await look(plan, database)
        return MonitorCycle(
            checks: last.checks - before.checks, goodChecks: last.good - before.good,
            goodSeconds: good > 0 ? good : seconds, seconds: seconds, monitor: monitor,
            servers: CPUTime.servers - servers, relays: plan.relays() - relays, peak: peak, mostHeld: held)
    }

    private struct Look {
        var good, checks, held: Int
    }

    private static func look(_ plan: Plan, _ database: TestDatabase) async throws -> Look {
        guard let row = try await database.pool.fetch(counts, .texts(plan.good)).first else {
            return Look(good: 0, checks: 0, held: 0)
        }
        let (good, checks, held) = try row.decode(Int64.self, Int64.self, Int64.self)
        return Look(good: Int(good), checks: Int(checks), held: Int(held))
    }

    /// $1 URLs; checks of these and of all since yesterday, and relays that are held.
    private static let counts = NamedStatement(
        "count_checks",
        """
        WITH days AS MATERIALIZED (
            SELECT d.relay_id, d.checks FROM relay_check_days d WHERE d.day >= extract(epoch FROM now()) / 86400 - 2)
        SELECT (SELECT coalesce(sum(d.checks), 0) FROM days d JOIN relays r USING (relay_id)
                 WHERE r.relay_url = ANY ($1)),
               (SELECT coalesce(sum(d.checks), 0) FROM days d),
               (SELECT count(*) FROM relay_checks c WHERE c.owner IS NOT NULL)
        """,
        parameters: [.textArray], columns: [.int8, .int8, .int8], isIdempotent: true)

    /// Each check is a full one, and nothing but the number of checks holds relays up that are on one address.
    private static func settings(_ plan: Plan) -> String {
        """
        checks:
          per_host: 1000
          light_period: 3600
          dns_servers: ["\(plan.nameServer)"]
        \(plan.concurrency.map { "  concurrency: \($0)" } ?? "")
        cycle_limit: 900
        health:
          port: 0

        """
    }
}
