import Database
import Nostr
import ServiceKit
import Settings
import Support
import Testing

@testable import Monitor

/// Cycles on a real database, through PgBouncer, with relays of this machine.
@Suite struct MonitorServiceTests {
    private static func count(_ outcome: Outcome, _ name: String) -> Outcome.Metric? { outcome.metrics[name] }

    private static let found = """
        SELECT concat_ws(' ', m.status, m.openable, m.readable, m.writable IS NULL, m.rtt_open >= 0, m.rtt_read >= 0,
                         coalesce(m.nip66_error, '-'), coalesce(m.nip11_error, '-'))
          FROM relay_metadata_latest m ORDER BY m.relay_url
        """

    @Test func `a cycle without due relays is a success that did nothing`() async throws {
        try await withMonitorBench { bench in
            let outcome = try await bench.monitor().run()
            #expect(outcome.success && Self.count(outcome, "relays_checked") == 0)
        }
    }

    @Test func `an empty relay of real software is online and readable`() async throws {
        try await withMonitorBench { bench in
            try await RealRelay.withRunning { relay in
                try await bench.insert([relay.url])
                let before = try await bench.now()
                let outcome = try await bench.monitor().run()
                #expect(outcome.success && Self.count(outcome, "relays_checked") == 1)
                #expect(Self.count(outcome, "relays_answered") == 1)
                #expect(try await bench.text(Self.found) == "online t t t t t - -")
                let times = try await bench.text(
                    """
                    SELECT concat_ws(' ', r.last_seen - \(before) BETWEEN 0 AND 60, c.checked_at = r.last_seen,
                                     c.owner IS NULL, c.fails, c.due_at - now() BETWEEN '5 min' AND '61 min')
                      FROM relays r JOIN relay_checks c USING (relay_id)
                    """)
                #expect(times == "t t t 0 t")
                #expect(try await bench.text("SELECT was || ' ' || status FROM relay_transitions") == "unknown online")
                #expect(Self.count(try await bench.monitor().run(), "relays_checked") == 0)
            }
        }
    }

    @Test func `a relay by a second name is found after the cycle that checked both`() async throws {
        try await withMonitorBench { bench in
            let relay = try await FakeRelay.start()
            try await bench.insert([relay.url.text, relay.url.text + "/second"])
            try await bench.database.pool.execute(
                """
                INSERT INTO relay_day (relay_id, day, n, idsum)
                SELECT relay_id, extract(epoch FROM now())::int / 86400 - ago, 40, sha256('')
                  FROM relays, generate_series(2, 6) AS ago
                """)
            let outcome = try await bench.monitor().run()
            #expect(Self.count(outcome, "relays_answered") == 2 && Self.count(outcome, "aliases") == 1)
            let found = "SELECT concat_ws(' ', alias_of < relay_id, evidence ->> 'events') FROM relay_aliases"
            #expect(try await bench.text(found) == "t 200")
            await relay.stop()
        }
    }

    @Test func `a relay that stops is offline after two failures, and its return ends the outage`() async throws {
        try await withMonitorBench { bench in
            let port = try FreePort.find()
            let monitor = bench.monitor()
            try await bench.insert(["ws://127.0.0.1:\(port)"])
            try await RealRelay.withRunning(port: port) { _ in
                _ = try await bench.cycle(monitor)
                #expect(try await bench.statuses() == ["online"])
            }
            let stopped = try await bench.now()
            let first = try await bench.cycle(monitor)
            #expect(first.success && Self.count(first, "relays_answered") == 0)
            #expect(try await bench.statuses() == ["online"], "one failure says nothing")
            #expect(
                try await bench.text("SELECT (due_at - now() < '3 min')::text FROM relay_checks") == "true",
                "it is confirmed soon")
            _ = try await bench.cycle(monitor)
            #expect(try await bench.statuses() == ["offline"])
            let outage = "SELECT concat_ws(' ', started_at - \(stopped) BETWEEN 0 AND 30, cause, ended_at IS NULL)"
            #expect(try await bench.text("\(outage) FROM relay_outages") == "t connection_refused t")
            _ = try await bench.cycle(monitor)
            #expect(try await bench.text("SELECT count(*)::text FROM relay_outages") == "1")
            try await RealRelay.withRunning(port: port) { _ in
                let back = try await bench.now()
                _ = try await bench.cycle(monitor)
                #expect(try await bench.statuses() == ["online"])
                let ended = "SELECT concat_ws(' ', ended_at - \(back) BETWEEN 0 AND 60, has_recovered, cause)"
                #expect(try await bench.text("\(ended) FROM relay_outages") == "t t connection_refused")
            }
            let uptime = try await bench.text(
                "SELECT concat_ws(' ', checks, answered, known_seconds > up_seconds) FROM relay_uptime WHERE days = 7")
            #expect(uptime == "5 2 t")
            #expect(try await bench.text("SELECT concat_ws(' ', checks, answered) FROM relay_check_days") == "5 2")
            #expect(bench.lines.messages.count { $0 == "relay_changed" } == 2)
        }
    }

    @Test func `two replicas share the relays and check none twice`() async throws {
        let relay = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert((0..<60).map { "\(relay.url.text)/\($0)" })
            let monitors = (0..<2).map { _ in bench.monitor { ($0.checks.concurrency, $0.checks.waiting) = (5, 0) } }
            let outcomes = try await withThrowingTaskGroup(of: Outcome.self) { group in
                for monitor in monitors { group.addTask { try await monitor.run() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.allSatisfy { $0.success && $0.metrics["leases_lost"] == 0 })
            #expect(
                try await bench.text("SELECT count(*) || ' ' || count(DISTINCT relay_url) FROM relay_metadata")
                    == "60 60")
            #expect(relay.connectionCount == 60 && relay.mostConnections <= 10)
            #expect(try await bench.text("SELECT count(*)::text FROM relay_checks WHERE owner IS NOT NULL") == "0")
        }
        await relay.stop()
    }

    @Test func `what was found under a lost lease is not stored`() async throws {
        try await withMonitorBench { bench in
            try await bench.insert(["ws://127.0.0.1:9"])
            let (former, next) = (bench.store(), bench.store())
            let queue = CheckQueue(network: .local, kind: .new)
            let old = try #require(try await former.claim(queue, limit: 5, ttl: .seconds(60)).leases.first)
            #expect(try await next.claim(queue, limit: 5, ttl: .seconds(60)).rows == 0)
            try await bench.makeDue()
            let new = try #require(try await next.claim(queue, limit: 5, ttl: .seconds(60)).leases.first)
            let report = CheckReport(open: OpenResult(duration: .seconds(1), reason: "timeout", step: "connect"))
            let decision = MonitorPlan().decide(old.standing, isUp: false, jitter: 0)
            #expect(try await former.commit(report, decision, under: old, taken: .zero) == false)
            #expect(try await former.putBack(old.relay, fence: old.fence, dueIn: .zero) == false)
            #expect(try await bench.text("SELECT count(*)::text FROM relay_metadata") == "0")
            #expect(try await bench.text("SELECT count(*)::text FROM relay_checks WHERE owner IS NULL") == "0")
            #expect(try await next.commit(report, decision, under: new, taken: .zero))
            #expect(try await next.commit(report, decision, under: new, taken: .zero) == false)
            #expect(try await bench.text("SELECT count(*)::text FROM relay_metadata") == "1")
        }
    }

    @Test func `networks that are not enabled are neither tried nor judged`() async throws {
        let relay = try await FakeRelay.start()
        try await withMonitorBench { bench in
            let onion = "ws://2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
            try await bench.insert([relay.url.text, onion])
            let outcome = try await bench.monitor(core: { $0.networks.local.enabled = false }).run()
            #expect(outcome.success && Self.count(outcome, "relays_checked") == 0)
            #expect(try await bench.statuses() == ["unknown", "unknown"])
            #expect(relay.connectionCount == 0)
        }
        await relay.stop()
    }

    @Test func `a relay that the operator ignores is not dialled`() async throws {
        let relay = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert([relay.url.text])
            _ = try await bench.texts("UPDATE relays SET status = 'ignored' RETURNING status")
            #expect(Self.count(try await bench.monitor().run(), "relays_checked") == 0)
            #expect(relay.connectionCount == 0)
            #expect(try await bench.statuses() == ["ignored"])
        }
        await relay.stop()
    }

    @Test func `relays behind one host are checked a few at a time`() async throws {
        let relay = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert((0..<12).map { "\(relay.url.text)/\($0)" })
            let monitor = bench.monitor({ $0.checks.perHost = 2 }, uncounted: [])
            try await eventually("all are checked in the end") {
                try await bench.makeDue(onlyNew: true)
                _ = try await monitor.run()
                return try await bench.statuses() == Array(repeating: "online", count: 12)
            }
            #expect(relay.mostConnections <= 2)
        }
        await relay.stop()
    }

    @Test func `relays behind a host that is taken hold up nobody`() async throws {
        let silent = try SilentPort()
        let relay = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert((0..<60).map { "ws://127.0.0.1:\(silent.port)/\($0)" })
            try await bench.insert((0..<5).map { "ws://localhost:\(relay.port)/\($0)" })
            let shutdown = ShutdownSignal()
            let monitor = bench.monitor(
                shutdown: shutdown, { ($0.checks.concurrency, $0.checks.perHost, $0.interval) = (8, 1, 3_600) },
                core: { $0.networks.local.timeout = 600 }, uncounted: [])
            async let ending = monitor.run()
            // One is waited for; the others come again later, one after the other.
            let others = "SELECT count(*)::text FROM relays WHERE status = 'online' AND relay_url LIKE '%localhost%'"
            try await eventually("another host's relays are checked") { try await bench.text(others) != "0" }
            let later = "due_at > now() + '60 s' AND owner IS NULL AND checked_at IS NULL"
            #expect(try await bench.text("SELECT count(*)::text FROM relay_checks WHERE \(later)") != "0")
            shutdown.request()
            _ = try? await ending
        }
        await relay.stop()
    }

    @Test func `silent relays hold their slots for a second and no longer`() async throws {
        let relay = try await FakeRelay.start()
        let silent = try SilentPort()
        try await withMonitorBench { bench in
            try await bench.insert((0..<30).map { "ws://127.0.0.1:\(silent.port)/\($0)" } + [relay.url.text])
            let shutdown = ShutdownSignal()
            let monitor = bench.monitor(
                shutdown: shutdown, { ($0.checks.concurrency, $0.checks.waiting, $0.interval) = (8, 30, 0.1) },
                core: { $0.networks.local.timeout = 600 })
            async let ending = monitor.run()
            let held = "SELECT count(*)::text FROM relay_checks WHERE owner IS NOT NULL"
            let up = "SELECT count(*)::text FROM relays WHERE status = 'online'"
            try await eventually("the one that answers is checked, whichever place it has") {
                try await bench.text(up) == "1"
            }
            try await eventually("all the others are waited for") { try await bench.text(held) == "30" }
            shutdown.request()
            _ = try? await ending
        }
        await relay.stop()
    }

    @Test func `relays that are up are checked while silent ones hold every other slot`() async throws {
        let relay = try await FakeRelay.start()
        let silent = try SilentPort()
        try await withMonitorBench { bench in
            try await bench.insert((0..<30).map { "\(relay.url.text)/\($0)" })
            _ = try await bench.monitor().run()
            try await bench.insert((0..<100).map { "ws://127.0.0.1:\(silent.port)/\($0)" })
            let shutdown = ShutdownSignal()
            let monitor = bench.monitor(
                shutdown: shutdown, { ($0.checks.concurrency, $0.checks.waiting, $0.interval) = (8, 0, 0.1) },
                core: { $0.networks.local.timeout = 600 })
            let held = "SELECT count(*)::text FROM relay_checks WHERE owner IS NOT NULL"
            async let ending = monitor.run()
            try await eventually("as many as may are waited for") { try await bench.text(held) == "6" }
            try await bench.makeDue()
            let twice = "SELECT count(*)::text FROM relay_uptime WHERE days = 7 AND checks = 2 AND answered = 2"
            try await eventually("the others are checked once more") { try await bench.text(twice) == "30" }
            #expect(try await bench.text("SELECT count(*)::text FROM relay_metadata") == "60")
            shutdown.request()
            #expect(try await ending.success)
        }
        await relay.stop()
    }

    @Test func `the end of the service gives back what is not checked yet`() async throws {
        try await withMonitorBench { bench in
            let silent = try SilentPort()
            try await bench.insert((0..<5).map { "ws://127.0.0.1:\(silent.port)/\($0)" })
            let shutdown = ShutdownSignal()
            let monitor = bench.monitor(shutdown: shutdown)
            let held = "SELECT count(*)::text FROM relay_checks WHERE owner IS NOT NULL"
            async let ending = monitor.run()
            try await eventually("all are held") { try await bench.text(held) == "5" }
            shutdown.request()
            let outcome = try await ending
            #expect(outcome.success && Self.count(outcome, "relays_checked") == 0)
            #expect(try await bench.text(held) == "0")
            #expect(try await bench.text("SELECT count(*)::text FROM relay_checks WHERE due_at <= now()") == "5")
            #expect(try await bench.text("SELECT count(*)::text FROM relay_metadata") == "0")
        }
    }

    @Test func `a certificate file that cannot be read fails the cycle and not the service`() async throws {
        try await withMonitorBench { bench in
            let monitor = bench.monitor(core: { $0.tls.caFile = "/nowhere/ca.pem" })
            #expect(await monitor.cycle(1)?.success == false)
            #expect(bench.lines.messages == ["cycle_failed"])
        }
    }

    @Test func `a check that was due long ago leaves a gap and no claim about it`() async throws {
        let relay = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert([relay.url.text])
            let monitor = bench.monitor()
            _ = try await bench.cycle(monitor)
            _ = try await bench.texts(
                """
                WITH t AS (UPDATE relay_transitions SET at = at - 90000), c AS (
                    UPDATE relay_checks SET checked_at = checked_at - 90000, planned_at = checked_at - 80000
                    RETURNING 1)
                SELECT 'x' FROM c
                """)
            _ = try await bench.cycle(monitor)
            #expect(
                try await bench.texts("SELECT concat_ws(' ', was, status, reason) FROM relay_transitions ORDER BY at")
                    == ["unknown online", "online unknown not_watched", "unknown online"])
            let known = "SELECT (known_seconds BETWEEN 10000 AND 10100)::text FROM relay_uptime WHERE days = 7"
            #expect(try await bench.text(known) == "true")
        }
        await relay.stop()
    }
}
