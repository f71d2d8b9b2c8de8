import Database
import Nostr
import Support
import Synchronization

/// Fills a database with millions of events, by SQL: rows of the usual widths, ids that are hashes, all indexes kept as
/// they go.
///
/// The rows go through no check of the archive's. What they are for is the size and the shape of tables and indexes: an
/// index that grew by random keys, as in a long run, and not one that was packed by a build.
struct StoredEvents {
    private static let rowsAStatement = 10_000
    private static let relays = 20
    private static let authors = 50_000
    /// The time that they span: three years, up to the corpus of new events.
    private static let (span, end) = (94_608_000, 1_700_000_000)

    let events: Int
    let seconds: Double
    /// Of all tables and indexes.
    let bytes: Int64

    /// Fills `events`, `events_relays`, `event_batches`, `latest_versions` and the counters, over two connections.
    static func fill(_ events: Int, _ database: TestDatabase, _ report: Report) async throws -> StoredEvents {
        let start = ContinuousClock.now
        try await LocalEngine.add((0..<relays).map { "wss://stored\($0).example.com" }, to: database.brotr)
        // Relays that are due later: what is measured claims its own.
        try await database.server.run(
            "UPDATE relay_sync SET due_at = now() + interval '1 day'", database: database.name)
        let progress = FillProgress(events, rowsAStatement)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 { group.addTask { try await work(progress, database) } }
            try await group.waitForAll()
        }
        for statement in [counters, "SELECT gin_clean_pending_list('events_tags')", "VACUUM ANALYZE"] {
            try await database.server.withConnection(database: database.name) { connection in
                try await connection.query(NamedStatement("settle", statement), timeout: .seconds(600))
            }
        }
        let size = try await database.pool.fetch(
            NamedStatement("size", "SELECT pg_database_size(current_database())")
        ).first?.decode(Int64.self, at: 0)
        return StoredEvents(
            events: events, seconds: (ContinuousClock.now - start).inSeconds, bytes: size ?? 0)
    }

    /// One connection's share.
    private static func work(_ progress: FillProgress, _ database: TestDatabase) async throws {
        try await database.server.withConnection(database: database.name) { connection in
            while let rows = progress.next() {
                try await connection.query(
                    NamedStatement("fill", statement(rows, of: progress.rows)), timeout: .seconds(600))
            }
        }
    }

    /// Some of all rows, oldest first. A reply's two tags, a text of 33 to 825 bytes, kinds as they are met.
    private static func statement(_ rows: ClosedRange<Int>, of all: Int) -> String {
        """
        WITH stored AS (
            INSERT INTO events (created_at, kind, event_id, pubkey, sig, tag_keys, tags, content)
            SELECT t.created_at, (ARRAY[1, 1, 1, 1, 7, 7, 7, 9735, 6, 0])[1 + n % 10], sha256(int8send(n)),
                   sha256(int8send(n * 7919 % \(authors))), sha256(int8send(-n)) || sha256(int8send(-n - 1)),
                   ARRAY[(t.week << 48) | (hashint8extended(n / 3, 1) & \(hashMask)),
                         (t.week << 48) | (hashint8extended(n * 104729 % \(authors), 2) & \(hashMask))],
                   jsonb_build_array(
                       jsonb_build_array('e', encode(sha256(int8send(n / 3)), 'hex'), 'wss://relay.example.com',
                                         'reply'),
                       jsonb_build_array('p', encode(sha256(int8send(n * 104729 % \(authors))), 'hex'))),
                   repeat(md5(n::text) || ' ', (1 + n * 31 % 25)::int)
              FROM generate_series(\(rows.lowerBound)::bigint, \(rows.upperBound)::bigint) AS n,
                   LATERAL (SELECT \(end - span) + n * \(span) / \(all)) AS at (created_at),
                   LATERAL (SELECT at.created_at, at.created_at / \(TagKey.weekSeconds)) AS t (created_at, week)
            RETURNING id, created_at, kind, event_id),
        linked AS (
            INSERT INTO events_relays (event, created_at, relay_id, seen_at)
            SELECT s.id, s.created_at, 1 + s.id % \(relays), 1700000000 FROM stored s),
        versions AS (
            INSERT INTO latest_versions (address, created_at, event, event_id)
            SELECT md5(s.id::text)::uuid, s.created_at, s.id, s.event_id FROM stored s WHERE s.kind = 0)
        INSERT INTO event_batches (events) SELECT array_agg(s.id) FROM stored s GROUP BY s.id / 1000
        """
    }

    /// The bits of a tag's key that are not its week's (`TagKey`).
    private static let hashMask = Int64(1) << 48 - 1

    /// As if all had been folded.
    private static let counters = """
        WITH persons AS (
            INSERT INTO stat_authors (pubkey, n) SELECT e.pubkey, count(*) FROM events e GROUP BY 1
            RETURNING author_id),
        pairs AS (
            INSERT INTO stat_relay_authors (relay_id, author_id, n)
            SELECT r.relay_id, p.author_id, 3 FROM persons p, generate_series(1, \(relays)) AS r (relay_id)),
        kinds AS (INSERT INTO stat_kinds (kind, n) SELECT e.kind, count(*) FROM events e GROUP BY 1)
        UPDATE stat_totals SET events = (SELECT count(*) FROM events), authors = (SELECT count(*) FROM persons)
        """
}

/// Hands out rows, and says how far it is.
private final class FillProgress: Sendable {
    let rows: Int
    private let step: Int
    private let start = ContinuousClock.now
    private let given = Mutex(0)

    init(_ rows: Int, _ step: Int) { (self.rows, self.step) = (rows, step) }

    /// The next rows, counted from 1; nil when all were given.
    func next() -> ClosedRange<Int>? {
        let first = given.withLock { given in
            defer { given += step }
            return given
        }
        guard first < rows else { return nil }
        if first * 10 / rows < (first + step) * 10 / rows {
            let seconds = (ContinuousClock.now - start).inSeconds.text(0)
            FileHandle.errors.write("  filling: \(first * 100 / rows) % after \(seconds) s\n")
        }
        return (first + 1)...min(first + step, rows)
    }
}

extension Report {
    func filled(_ result: StoredEvents) {
        let mean = Double(result.bytes) / Double(max(result.events, 1))
        line("")
        line(
            "stored: \(result.events) generated events by SQL in \(result.seconds.text(0)) s,"
                + " \((Double(result.bytes) / 1e9).text(2)) GB in all,"
                + " \(mean.text(0)) bytes an event with indexes and sighting")
    }
}

extension TestDatabase {
    /// Rows in `events`.
    func eventCount() async throws -> Int {
        let rows = try await pool.fetch(NamedStatement("events", "SELECT count(*) FROM events", isIdempotent: true))
        return Int(try rows.first?.decode(Int64.self, at: 0) ?? 0)
    }
}
