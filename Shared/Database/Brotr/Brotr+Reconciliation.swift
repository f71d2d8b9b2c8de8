public import Crypto
public import Nostr
import Settings

/// What set reconciliation (NIP-77) reads and writes beside the batches.
extension Brotr {
    /// $1 relay, $2 and $3 the first and last day.
    static let relayDayRange = NamedStatement(
        "relay_day_range",
        "SELECT day, n, idsum FROM relay_day WHERE relay_id = $1 AND day BETWEEN $2 AND $3 AND n > 0 ORDER BY day",
        parameters: [.int4, .int4, .int4], columns: [.int4, .int4, .bytea], isIdempotent: true)

    /// The fingerprints of a closed interval of days, ascending; days without sightings are absent.
    public func relayDays(_ relay: RelayID, in days: ClosedRange<Int32>) async throws -> [(day: Int32, sum: DaySum)] {
        let rows = try await pool.fetch(
            Self.relayDayRange, .int4(relay.value), .int4(days.lowerBound), .int4(days.upperBound),
            timeout: settings.timeouts.query.duration)
        return try rows.map { row in
            let (day, count, sum) = try row.decode(Int32.self, Int32.self, Bytes32.self)
            return (day, DaySum(count: count, idSum: sum))
        }
    }

    /// $1 ids.
    static let storedEvents = NamedStatement(
        "stored_events",
        """
        SELECT e.event_id, e.id, e.created_at, e.kind, e.pubkey FROM unnest($1::bytea[]) AS w (event_id)
         CROSS JOIN LATERAL (SELECT * FROM events v WHERE v.event_id = w.event_id OFFSET 0) AS e
        """,
        parameters: [.byteaArray], columns: [.bytea, .int8, .int8, .int4, .bytea], isIdempotent: true)

    /// Those of these events that are stored, as sightings of them are written; at most one call's worth of ids.
    public func storedEvents(_ ids: [EventID]) async throws -> [EventID: KnownSighting] {
        guard !ids.isEmpty else { return [:] }
        var parameters = SQLParameters()
        parameters.reserve(bytes: ids.count * 36 + 64)
        parameters.appendColumn(Bytes32.self, count: ids.count) { ids[$0] }
        let rows = try await pool.fetch(
            Self.storedEvents, parameters: parameters, timeout: settings.timeouts.procedure.duration)
        var stored: [EventID: KnownSighting] = [:]
        for row in rows {
            let (id, number, createdAt) = try row.decode(Bytes32.self, Int64.self, Int64.self)
            stored[id] = KnownSighting(
                event: number, createdAt: UnixTime(seconds: createdAt),
                kind: UInt16(clamping: try row.decode(Int32.self, at: 3)), pubkey: try row.decode(at: 4))
        }
        return stored
    }

    /// $1 relay, $2 fence, $3 owner, $4 ids. The row lock keeps the lease from changing hands meanwhile.
    static let notePhantoms = NamedStatement(
        "note_phantoms",
        """
        WITH held AS MATERIALIZED (
            SELECT s.relay_id FROM relay_sync s WHERE s.relay_id = $1 AND s.fence = $2 AND s.owner = $3
               FOR NO KEY UPDATE)
        INSERT INTO relay_phantoms AS p (relay_id, event_id)
        SELECT h.relay_id, w.event_id FROM held h, unnest($4::bytea[]) AS w (event_id) ORDER BY w.event_id
            ON CONFLICT (relay_id, event_id) DO UPDATE SET n = p.n + 1, last_seen = now()
        """,
        parameters: [.int4, .int8, .uuid, .byteaArray])

    /// Notes ids that a relay claimed to have and did not deliver.
    /// - Returns: false when the lease was lost; then nothing was noted.
    public func notePhantoms(_ ids: [EventID], _ lease: RelayLease) async throws -> Bool {
        guard !ids.isEmpty else { return true }
        var parameters = SQLParameters()
        parameters.append(lease.relay.value)
        parameters.append(lease.fence)
        parameters.append(lease.owner.uuid)
        parameters.appendColumn(Bytes32.self, count: ids.count) { ids[$0] }
        return try await pool.execute(
            Self.notePhantoms, parameters: parameters, timeout: settings.timeouts.procedure.duration) > 0
    }
}
