import Database
import Support

/// What every claim and every commit did to `relay_sync`, in the order in which the database carried them out.
///
/// It stands in a schema of its own in the database of one test. A trigger sees the row before and after. What a
/// replica believed, its fence and its owner, only `commit_pages` is told, so that function is changed to note it where
/// it decides.
struct CommitLog {
    /// How much of what is in the log.
    struct Counts {
        var claims = 0
        /// Pages that were stored.
        var commits = 0
        /// Pages that came after their lease had ended.
        var refused = 0
        /// Commits that proved a stretch of time.
        var compared = 0
    }

    private let database: TestDatabase

    /// Begins to write it.
    init(in database: TestDatabase) async throws {
        self.database = database
        try await database.server.withConnection(database: database.name) { connection in
            try await connection.runScript(Self.tables, name: "commit_log", timeout: .seconds(60))
            try await connection.runScript(Self.trigger, name: "commit_log_trigger", timeout: .seconds(60))
            try await connection.runScript(Self.notingWriters, name: "commit_log_writers", timeout: .seconds(60))
        }
    }

    /// Says what a relay serves, which its commits are compared with.
    /// - Parameters:
    ///   - times: `created_at` of each event.
    ///   - url: canonical.
    func expect(_ times: [Int64], on url: String) async throws {
        try await database.server.withConnection(database: database.name) { connection in
            try await connection.query(
                Self.insertHeld, .text(url), .int8s(times), timeout: .seconds(120))
        }
    }

    /// What is in it.
    func counts() async throws -> Counts {
        let row = try await rows(Self.count).first
        return Counts(
            claims: Int(try row?.decode(Int64.self, at: 0) ?? 0),
            commits: Int(try row?.decode(Int64.self, at: 1) ?? 0),
            refused: Int(try row?.decode(Int64.self, at: 2) ?? 0),
            compared: Int(try row?.decode(Int64.self, at: 3) ?? 0))
    }

    /// What must never be, one line a case; empty when all is well.
    ///
    /// C1: what is stored comes from the lease that stands, so no fence follows a higher one. C2: within a walk the
    /// frontier only falls, and `sealed_hi` only rises. C3: what a commit counts as read is there as the relay has it.
    func violations() async throws -> [String] {
        var found: [String] = []
        for (name, sql) in [("C1", Self.stale), ("C2", Self.backward), ("C3", Self.incomplete)] {
            found += try await rows(sql).map { "\(name): \(try $0.decode(String.self, at: 0))" }
        }
        return found
    }

    /// Straight to PostgreSQL: what a whole log is compared with takes longer than a service may wait.
    private func rows(_ sql: NamedStatement) async throws -> [Row] {
        try await database.server.withConnection(database: database.name) { connection in
            try await connection.query(sql, timeout: .seconds(300)).map { $0 }
        }
    }
}

extension CommitLog {
    private static let tables = """
        CREATE SCHEMA commit_log;
        CREATE TABLE commit_log.entries (
            number bigserial PRIMARY KEY, relay_id int NOT NULL, what text NOT NULL, fence bigint NOT NULL, owner uuid,
            sealed_hi bigint, walk_lo bigint, walk_hi bigint, frontier bigint,
            read_lo bigint, read_hi bigint, read_rows bigint, at timestamptz NOT NULL DEFAULT clock_timestamp());
        CREATE INDEX ON commit_log.entries (relay_id, number);
        CREATE TABLE commit_log.held (relay_id int NOT NULL, created_at bigint NOT NULL);
        CREATE INDEX ON commit_log.held (relay_id, created_at);
        GRANT USAGE ON SCHEMA commit_log TO PUBLIC;
        GRANT INSERT ON commit_log.entries TO PUBLIC;
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA commit_log TO PUBLIC;
        """

    /// What a commit newly counts as read: down to its frontier, or a whole walk at its end. The frontier's own second
    /// is still open. A claim counts nothing.
    private static let trigger = """
        CREATE FUNCTION commit_log.write() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET enable_seqscan = off AS $$
        DECLARE
            lo bigint;
            hi bigint;
            n  bigint;
        BEGIN
            IF NEW.fence <> OLD.fence THEN
                INSERT INTO commit_log.entries (relay_id, what, fence, owner)
                VALUES (NEW.relay_id, 'claim', NEW.fence, NEW.owner);
                RETURN NULL;
            END IF;
            IF NEW.walk_hi IS NULL AND NEW.sealed_hi IS DISTINCT FROM OLD.sealed_hi THEN
                lo := coalesce(OLD.walk_lo, OLD.sealed_hi + 1, 0);
                hi := NEW.sealed_hi;
            ELSIF NEW.walk_hi IS NOT NULL THEN
                lo := NEW.frontier + 1;
                hi := CASE WHEN NEW.walk_hi = OLD.walk_hi THEN OLD.frontier ELSE NEW.walk_hi END;
            END IF;
            IF lo <= hi THEN
                n := (SELECT count(*) FROM public.events_relays s
                       WHERE s.relay_id = NEW.relay_id AND s.created_at BETWEEN lo AND hi);
            END IF;
            INSERT INTO commit_log.entries
                   (relay_id, what, fence, owner, sealed_hi, walk_lo, walk_hi, frontier, read_lo, read_hi, read_rows)
            VALUES (NEW.relay_id, 'progress', NEW.fence, NEW.owner, NEW.sealed_hi, NEW.walk_lo, NEW.walk_hi,
                    NEW.frontier, CASE WHEN n IS NOT NULL THEN lo END, CASE WHEN n IS NOT NULL THEN hi END, n);
            RETURN NULL;
        END $$;
        CREATE TRIGGER commit_log AFTER UPDATE OF fence, frontier, sealed_hi, walk_lo, walk_hi ON public.relay_sync
            FOR EACH ROW EXECUTE FUNCTION commit_log.write();
        """

    private static let notingWriters = """
        DO $do$
        DECLARE
            decision CONSTANT text := 'ok[i] := FOUND;';
            note     CONSTANT text := $note$ INSERT INTO commit_log.entries (relay_id, what, fence, owner)
                VALUES (p_relays[i], CASE WHEN ok[i] THEN 'commit' ELSE 'refused' END, p_fences[i], p_owner);$note$;
            source   CONSTANT text := pg_get_functiondef('public.commit_pages'::regproc);
        BEGIN
            IF length(replace(source, decision, '')) <> length(source) - length(decision) THEN
                RAISE EXCEPTION 'commit_pages decides about leases in another way: % is not there once', decision;
            END IF;
            EXECUTE replace(source, decision, decision || note);
        END $do$;
        """

    private static let insertHeld = NamedStatement(
        "insert_held",
        """
        INSERT INTO commit_log.held (relay_id, created_at)
        SELECT r.relay_id, t.created_at FROM relays r, unnest($2::bigint[]) AS t (created_at) WHERE r.relay_url = $1
        """)

    private static let count = NamedStatement(
        "count_entries",
        """
        SELECT count(*) FILTER (WHERE what = 'claim'), count(*) FILTER (WHERE what = 'commit'),
               count(*) FILTER (WHERE what = 'refused'), count(*) FILTER (WHERE read_rows IS NOT NULL)
          FROM commit_log.entries
        """)

    private static let stale = NamedStatement(
        "stale_writes",
        """
        WITH told AS (
            SELECT number, relay_id, what, fence, owner,
                   max(number) FILTER (WHERE what = 'claim') OVER (PARTITION BY relay_id ORDER BY number) AS claim
              FROM commit_log.entries WHERE what IN ('claim', 'commit'))
        SELECT format('relay %s: entry %s stored under fence %s while %s stood', t.relay_id, t.number, t.fence, c.fence)
          FROM told t LEFT JOIN commit_log.entries c ON c.number = t.claim
         WHERE t.what = 'commit' AND (t.fence, t.owner) IS DISTINCT FROM (c.fence, c.owner)
         ORDER BY t.number LIMIT 20
        """)

    private static let backward = NamedStatement(
        "backward_moves",
        """
        WITH moves AS (
            SELECT number, relay_id, sealed_hi, walk_lo, frontier, lag(sealed_hi) OVER w AS sealed_before,
                   lag(walk_lo) OVER w AS walk_before, lag(frontier) OVER w AS frontier_before
              FROM commit_log.entries WHERE what = 'progress' WINDOW w AS (PARTITION BY relay_id ORDER BY number))
        SELECT format('relay %s: entry %s moved frontier %s to %s, sealed_hi %s to %s', relay_id, number,
                      frontier_before, frontier, sealed_before, sealed_hi)
          FROM moves
         WHERE (walk_before = walk_lo AND frontier > frontier_before)
            OR (sealed_before IS NOT NULL AND (sealed_hi < sealed_before OR sealed_hi IS NULL))
         ORDER BY number LIMIT 20
        """)

    private static let incomplete = NamedStatement(
        "incomplete_stretches",
        """
        SELECT format('relay %s: entry %s counts %s..%s as read, with %s of %s events', e.relay_id, e.number, e.read_lo,
                      e.read_hi, e.read_rows, h.n)
          FROM commit_log.entries e
          CROSS JOIN LATERAL (SELECT count(*) AS n FROM commit_log.held h
                               WHERE h.relay_id = e.relay_id AND h.created_at BETWEEN e.read_lo AND e.read_hi) h
         WHERE e.read_rows <> h.n ORDER BY e.number LIMIT 20
        """)
}
