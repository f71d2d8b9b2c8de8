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

    /// $1 ids, $2 relay.
    static let storedEvents = NamedStatement(
        "stored_events",
        """
        SELECT e.event_id, e.id, e.created_at, e.kind, e.pubkey,
               (SELECT s.gone_at IS NULL FROM events_relays s WHERE s.event = e.id AND s.relay_id = $2) IS TRUE
          FROM unnest($1::bytea[]) AS w (event_id)
         CROSS JOIN LATERAL (
            SELECT v.event_id, v.id, v.created_at, v.kind, v.pubkey FROM events v
             WHERE v.event_id = w.event_id OFFSET 0) AS e
        """,
        parameters: [.byteaArray, .int4], columns: [.bytea, .int8, .int8, .int4, .bytea, .bool], isIdempotent: true)

    /// Those of these events that are stored, as sightings of them are written, and whether this relay is known to have
    /// them now; at most one call's worth of ids.
    public func storedEvents(_ ids: [EventID], _ relay: RelayID) async throws -> [EventID: HeldEvent] {
        guard !ids.isEmpty else { return [:] }
        var parameters = SQLParameters()
        parameters.reserve(bytes: ids.count * 36 + 72)
        parameters.appendColumn(Bytes32.self, count: ids.count) { ids[$0] }
        parameters.append(relay.value)
        let rows = try await pool.fetch(
            Self.storedEvents, parameters: parameters, timeout: settings.timeouts.procedure.duration)
        var stored: [EventID: HeldEvent] = [:]
        for row in rows {
            let (id, number, createdAt) = try row.decode(Bytes32.self, Int64.self, Int64.self)
            let sighting = KnownSighting(
                event: number, createdAt: UnixTime(seconds: createdAt),
                kind: UInt16(clamping: try row.decode(Int32.self, at: 3)), pubkey: try row.decode(at: 4))
            stored[id] = HeldEvent(sighting: sighting, isLinked: try row.decode(at: 5))
        }
        return stored
    }

    /// $1 relay, $2 ids.
    static let notedPhantoms = NamedStatement(
        "noted_phantoms",
        """
        SELECT event_id FROM relay_phantoms
         WHERE relay_id = $1 AND event_id = ANY ($2) AND last_seen > now() - interval '1 day'
        UNION ALL SELECT event_id FROM erased_events WHERE event_id = ANY ($2)
        """, parameters: [.int4, .byteaArray], columns: [.bytea], isIdempotent: true)

    /// Those of these ids that are not to be asked for: the relay claimed to have them within the last day and did not
    /// deliver, or they were erased.
    public func notedPhantoms(_ ids: [EventID], _ relay: RelayID) async throws -> Set<EventID> {
        guard !ids.isEmpty else { return [] }
        var parameters = SQLParameters()
        parameters.append(relay.value)
        parameters.appendColumn(Bytes32.self, count: ids.count) { ids[$0] }
        let rows = try await pool.fetch(
            Self.notedPhantoms, parameters: parameters, timeout: settings.timeouts.query.duration)
        return Set(try rows.map { try $0.decode(Bytes32.self, at: 0) })
    }

    /// $1 relay, $2 fence, $3 owner, $4 ids.
    static let notePhantoms = NamedStatement(
        "note_phantoms", "SELECT note_phantoms($1, $2, $3, $4)", parameters: [.int4, .int8, .uuid, .byteaArray],
        columns: [.bool])

    /// Notes ids that a relay claimed to have and did not deliver.
    /// - Returns: false when the lease was lost; then nothing was noted.
    public func notePhantoms(_ ids: [EventID], _ lease: RelayLease) async throws -> Bool {
        guard !ids.isEmpty else { return true }
        var parameters = SQLParameters()
        parameters.append(lease.relay.value)
        parameters.append(lease.fence)
        parameters.append(lease.owner.uuid)
        parameters.appendColumn(Bytes32.self, count: ids.count) { ids[$0] }
        let rows = try await pool.fetch(
            Self.notePhantoms, parameters: parameters, timeout: settings.timeouts.procedure.duration)
        return try rows.only("note_phantoms").decode(at: 0)
    }
}
