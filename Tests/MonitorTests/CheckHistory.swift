import Database
import Nostr
import RelayClient
import Support
import Testing

@testable import Monitor

/// Months of checks by chance in a database whose clock the test moves: the Monitor's own statements and rules, relays
/// that come and go, replicas that are killed, times in which none runs, and a clock that is set back now and then.
struct CheckHistory {
    private static let relays = 8
    private static let reasons = ["timeout", "connection_refused", "upgrade_refused"]
    private static let start: Int64 = 1_700_000_000

    /// Unix seconds by the database's clock.
    private var now = start
    private let bench: MonitorBench
    private let store: MonitorStore
    private var random: SplitMix64
    private var areUp = [Bool](repeating: false, count: relays)
    private var days: Int64 = 0

    /// Full checks once a day, light ones between; what is down for three days is dead.
    private let plan = MonitorPlan(
        period: .seconds(86_400), lightPeriod: .seconds(28_800), confirmation: .seconds(1_200),
        longestWait: .seconds(172_800), deadAfter: .seconds(259_200), unwatchedAfter: .seconds(21_600))
    /// Seconds.
    let deadAfter: Int64 = 259_200

    init(_ bench: MonitorBench, seed: UInt64) async throws {
        self.bench = bench
        store = bench.store()
        random = SplitMix64(seed: seed)
        try await bench.insert((0..<Self.relays).map { "ws://127.0.0.1/\($0)" })
        try await bench.useClock(at: now)
        try await bench.execute("UPDATE relay_checks SET due_at = test_now() + relay_id * interval '5 h'")
    }

    /// Lets time pass; false when a hundred days have.
    mutating func proceed(days step: Int64) async throws -> Bool {
        guard days < 100 else { return false }
        days += step
        while now < Self.start + days * 86_400 {
            try await pass()
            for kind in CheckQueue.Kind.allCases {
                let queue = CheckQueue(network: .local, kind: kind)
                let leases = try await store.claim(queue, limit: 10, ttl: .seconds(90)).leases
                // Checks take their time; each stands at its beginning.
                let taken = Int64.random(in: 0...40, using: &random)
                for lease in leases { try await check(lease, taken) }
            }
        }
        return true
    }

    /// Now, or a time at which the next checks are long due, is the database's time until time passes again.
    mutating func lookAhead() async throws -> Int64 {
        let then = now + (Bool.random(using: &random) ? Int64.random(in: 0...200_000, using: &random) : 0)
        try await bench.setClock(then)
        return then
    }

    /// To the next check that is due, or far beyond it, or a little back.
    private mutating func pass() async throws {
        let chance = Int.random(in: 0..<1_000, using: &random)
        if chance < 10 {
            now += Int64.random(in: 3_600...400_000, using: &random)
        } else if chance < 30 {
            now -= Int64.random(in: 1...300, using: &random)
        } else {
            let due = try await bench.text("SELECT ceil(extract(epoch FROM min(due_at)))::text FROM relay_checks")
            now = max(now, Int64(due) ?? 0) + Int64.random(in: 0...900, using: &random)
        }
        try await bench.setClock(now)
    }

    private mutating func check(_ lease: CheckLease, _ taken: Int64) async throws {
        let relay = Int(lease.relay.value) - 1
        // Some are nearly always there, some hardly ever, and how it is lasts.
        if Int.random(in: 0..<10, using: &random) < 4 {
            areUp[relay] = Int.random(in: 0..<Self.relays, using: &random) > relay
        }
        // Its replica was killed.
        if Int.random(in: 0..<50, using: &random) == 0 { return }
        var report = CheckReport(open: OpenResult(duration: .zero), isLight: plan.isLight(lease.standing))
        if areUp[relay] {
            report.read = ReadResult(duration: .zero, roundTrip: .zero, end: .eose(hint: nil))
        } else {
            report.open.reason = Self.reasons.randomElement(using: &random)
        }
        let jitter = Double.random(in: 0...1, using: &random)
        let decision = plan.decide(lease.standing, isUp: report.isUp, jitter: jitter)
        // The clock is set back also between a claim and what comes of it: checks would stand before older ones.
        let back = Int.random(in: 0..<40, using: &random) == 0 ? Int64.random(in: 0...2_000, using: &random) : 0
        try await bench.setClock(now + taken - back)
        let isStored = try await store.commit(report, decision, under: lease, taken: .seconds(taken))
        #expect(isStored)
        try await bench.setClock(now)
    }
}

extension CheckHistory {
    /// The checks of each relay, in order of time.
    func rows() async throws -> [[CheckRow]] {
        let rows = try await bench.database.pool.fetch(
            """
            SELECT r.relay_id, m.generated_at, m.planned_at, m.unwatched_at, m.nip66_error, n.document ? 'light'
              FROM relay_metadata m JOIN relays r USING (relay_url) JOIN nip66 n ON n.id = m.nip66_id
             ORDER BY r.relay_id, m.generated_at
            """)
        var all = [[CheckRow]](repeating: [], count: Self.relays)
        for row in rows {
            let (relay, at, plannedAt) = try row.decode(Int32.self, Int64.self, Int64.self)
            let check = CheckRow(
                at: at, plannedAt: plannedAt, unwatchedAt: try row.decode(at: 3), reason: try row.decode(at: 4),
                isLight: try row.decode(at: 5))
            all[Int(relay) - 1].append(check)
        }
        return all
    }

    func transitions(_ relay: Int) async throws -> [HeldStatus.Change] {
        try await bench.fetch(
            "SELECT at, was, status, reason FROM relay_transitions WHERE relay_id = \(relay) ORDER BY at"
        ).map {
            HeldStatus.Change(
                at: try $0.decode(at: 0), was: try $0.decode(at: 1), status: try $0.decode(at: 2),
                reason: try $0.decode(at: 3))
        }
    }

    func outages(_ relay: Int) async throws -> [HeldStatus.Outage] {
        try await bench.fetch(
            """
            SELECT started_at, ended_at, has_recovered, seconds, cause FROM relay_outages
             WHERE relay_id = \(relay) ORDER BY started_at
            """
        ).map {
            HeldStatus.Outage(
                startedAt: try $0.decode(at: 0), endedAt: try $0.decode(at: 1), hasRecovered: try $0.decode(at: 2),
                seconds: try $0.decode(at: 3), cause: try $0.decode(at: 4))
        }
    }

    func uptime(_ relay: Int) async throws -> [HeldStatus.Uptime] {
        try await bench.fetch(
            """
            SELECT days::bigint, checks, answered, known_seconds::bigint, up_seconds::bigint FROM relay_uptime
             WHERE relay_id = \(relay) ORDER BY days
            """
        ).map {
            HeldStatus.Uptime(
                days: try $0.decode(at: 0), checks: try $0.decode(at: 1), answered: try $0.decode(at: 2),
                knownSeconds: try $0.decode(at: 3), upSeconds: try $0.decode(at: 4))
        }
    }
}

extension MonitorBench {
    func fetch(_ sql: String) async throws -> RowSet {
        try await database.pool.fetch(NamedStatement("test", sql))
    }

    func execute(_ sql: String) async throws { try await database.pool.execute(NamedStatement("test", sql)) }

    func setClock(_ seconds: Int64) async throws {
        try await execute("UPDATE test_clock SET at = to_timestamp(\(seconds))")
    }

    /// From now on what the Monitor stores and what is told of it go by a clock that stands where it is set. Only how
    /// they ask for the time is changed in the functions and views.
    func useClock(at seconds: Int64) async throws {
        try await execute("CREATE TABLE test_clock (at timestamptz NOT NULL)")
        try await execute("INSERT INTO test_clock VALUES (to_timestamp(\(seconds)))")
        try await execute(
            """
            CREATE FUNCTION test_now() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER AS
                'SELECT c.at FROM public.test_clock c'
            """)
        try await execute(
            """
            DO $$
            DECLARE
                item text;
            BEGIN
                FOR item IN SELECT pg_get_functiondef(p.oid) FROM pg_proc p
                             WHERE p.proname IN ('claim_checks', 'commit_check', 'note_transition') LOOP
                    EXECUTE replace(item, 'now()', 'test_now()');
                END LOOP;
                FOR item IN SELECT format('CREATE OR REPLACE VIEW %s AS %s', v, pg_get_viewdef(v))
                              FROM unnest(ARRAY['relay_outages', 'relay_uptime']::regclass[]) AS v LOOP
                    EXECUTE replace(item, 'now()', 'test_now()');
                END LOOP;
            END $$
            """)
    }
}
