import Crypto
import Database
import Nostr
import Settings
import Telemetry

/// The SQL of the Priority Synchronizer: what authors list, and moves between the lanes.
struct PrioritySynchronizerStore: Sendable {
    let brotr: Brotr

    /// Every statement, for the test that prepares them.
    static let statements = [relayMentions, moveToPriority, moveToOrdinary]

    /// `r` tags read of one author's list, written there or not.
    private static let tagsOfAuthor: Int64 = 400
    /// Authors in one call.
    private static let authorsPerCall = 100
    /// Relays in one call.
    private static let relaysPerCall = 1_000

    /// $1 authors, $2 `r` tags of each. The newest kind 10002 of an author (NIP-65), unless it was deleted. URLs
    /// are cut where they are longer than any relay's.
    static let relayMentions = NamedStatement(
        "relay_mentions",
        """
        WITH newest AS MATERIALIZED (
            SELECT a.n, (SELECT l.event FROM latest_versions l
                          WHERE l.address = event_address(10002, a.pubkey, '[]')) AS event
              FROM unnest($1::bytea[]) WITH ORDINALITY AS a (pubkey, n) OFFSET 0),
        lists AS MATERIALIZED (
            SELECT w.n, (SELECT e.tags FROM events e
                          WHERE e.id = w.event
                            AND NOT EXISTS (
                                SELECT FROM tombstones t
                                 WHERE t.pubkey = e.pubkey
                                   AND t.key IN (e.event_id, e.pubkey,
                                                 uuid_send(event_address(10002, e.pubkey, '[]')))
                                   AND (t.key = e.event_id OR e.created_at <= t.up_to))) AS tags
              FROM newest w OFFSET 0)
        SELECT l.n, left(r.tag ->> 1, 2049), left(r.tag ->> 2, 16)
          FROM lists l
         CROSS JOIN LATERAL (
               SELECT t.tag, t.place FROM jsonb_array_elements(l.tags) WITH ORDINALITY AS t (tag, place)
                WHERE t.tag ->> 0 = 'r' AND t.tag ->> 1 IS NOT NULL ORDER BY t.place LIMIT $2) AS r
         ORDER BY l.n, r.place
        """,
        parameters: [.byteaArray, .int8], columns: [.int8, .text, .text], isIdempotent: true)

    /// The relays that these authors list, in order of author.
    func relayMentions(of authors: [PublicKey]) async throws -> [PriorityListPlan.Mention] {
        var mentions: [PriorityListPlan.Mention] = []
        for start in stride(from: 0, to: authors.count, by: Self.authorsPerCall) {
            let part = authors[start..<min(start + Self.authorsPerCall, authors.count)]
            let rows = try await brotr.pool.fetch(
                Self.relayMentions, .byteas(part.map(\.bytes)), .int8(Self.tagsOfAuthor),
                timeout: brotr.settings.timeouts.query.duration)
            for row in rows {
                let (number, url, marker) = try row.decode(Int64.self, String.self, String?.self)
                mentions.append(.init(author: start + Int(number), url: url, marker: marker))
            }
        }
        return mentions
    }

    /// Stores relays that are not known yet.
    /// - Returns: the numbers of all, in the order given.
    func insert(_ relays: [RelayURL]) async throws -> [RelayID] {
        let now = UnixTime(seconds: LogTime.now().milliseconds / 1000)
        let size = min(Self.relaysPerCall, max(brotr.settings.batch.maxBatchSize, 1))
        var stored: [RelayID] = []
        for start in stride(from: 0, to: relays.count, by: size) {
            let part = relays[start..<min(start + size, relays.count)]
            stored += try await brotr.insertRelays(part.map { RelayRecord(url: $0, insertedAt: now) }).map(\.relay)
        }
        return stored
    }

    /// $1 relays that belong there, $2 owner and $3 fence of the lease `priority_list`.
    static let moveToPriority = move("move_to_priority", to: 1, where: "s.relay_id = ANY ($1::int[])")

    /// $1 relays that do not belong there, $2 owner and $3 fence of the lease `priority_list`.
    static let moveToOrdinary = move(
        "move_to_ordinary", to: 0, where: "s.lane = 1 AND s.relay_id NOT IN (SELECT unnest($1::int[]))")

    /// Moves free rows, and marks held ones to be moved when they are given back. Rows that are being claimed are
    /// passed over. A row whose lease is over is taken from its holder by the fence, so that it is nobody's when it
    /// changes its lane. Who lost the lease of the list moves nothing.
    private static func move(_ name: String, to lane: Int, where condition: String) -> NamedStatement {
        NamedStatement(
            name,
            """
            WITH rows AS MATERIALIZED (
                SELECT s.relay_id, s.owner IS NULL OR s.due_at <= now() AS is_free FROM relay_sync s
                 WHERE \(condition)
                   AND CASE WHEN s.lane = \(lane) THEN s.lane_next IS NOT NULL
                            ELSE s.owner IS NULL OR s.due_at <= now() OR s.lane_next IS NULL END
                   AND EXISTS (SELECT FROM service_leases l
                                WHERE l.name = 'priority_list' AND l.owner = $2 AND l.fence = $3)
                 ORDER BY s.relay_id FOR NO KEY UPDATE OF s SKIP LOCKED),
            free AS (
                UPDATE relay_sync s
                   SET lane = \(lane), lane_next = NULL, owner = NULL, fence = s.fence + (s.owner IS NOT NULL)::int
                 WHERE s.relay_id = ANY (ARRAY(SELECT r.relay_id FROM rows r WHERE r.is_free))
                RETURNING s.relay_id),
            held AS (
                UPDATE relay_sync s SET lane_next = CASE WHEN s.lane <> \(lane) THEN \(lane) END
                 WHERE s.relay_id = ANY (ARRAY(SELECT r.relay_id FROM rows r WHERE NOT r.is_free))
                RETURNING s.relay_id)
            SELECT (SELECT count(*) FROM free), (SELECT count(*) FROM held)
            """,
            parameters: [.int4Array, .uuid, .int8], columns: [.int8, .int8], isIdempotent: true)
    }

    /// What became of a round.
    struct Moves: Sendable, Equatable {
        /// Rows that changed their lane.
        var moved = 0
        /// Held rows that change it when they are given back, marked in this round.
        var marked = 0
    }

    /// Moves these relays into the priority lane, a part at a time.
    func moveToPriority(_ relays: [RelayID], owner: ReplicaID, fence: Int64) async throws -> Moves {
        var moves = Moves()
        for start in stride(from: 0, to: relays.count, by: Self.relaysPerCall) {
            let part = relays[start..<min(start + Self.relaysPerCall, relays.count)]
            let done = try await move(Self.moveToPriority, Array(part), owner, fence)
            moves = Moves(moved: moves.moved + done.moved, marked: moves.marked + done.marked)
        }
        return moves
    }

    /// Moves all relays but these out of the priority lane.
    func moveToOrdinary(allBut relays: [RelayID], owner: ReplicaID, fence: Int64) async throws -> Moves {
        try await move(Self.moveToOrdinary, relays, owner, fence)
    }

    private func move(
        _ statement: NamedStatement, _ relays: [RelayID], _ owner: ReplicaID, _ fence: Int64
    ) async throws -> Moves {
        let rows = try await brotr.pool.fetch(
            statement, .int4s(relays.map(\.value)), .uuid(owner.uuid), .int8(fence),
            timeout: brotr.settings.timeouts.query.duration)
        guard let row = rows.first else { throw DatabaseError(.decoding, step: statement.name) }
        let (moved, marked) = try row.decode(Int64.self, Int64.self)
        return Moves(moved: Int(moved), marked: Int(marked))
    }
}
