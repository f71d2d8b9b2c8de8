import Crypto
public import Nostr
import Settings

/// What a relay is known to have, for comparisons with what it shows.
extension Brotr {
    /// $1 relay, $2 and $3 the first and last second, $4 rows.
    static let relaySightings = NamedStatement(
        "relay_sightings",
        """
        SELECT z.event, z.created_at, z.gone, (SELECT e.event_id FROM events e WHERE e.id = z.event)
          FROM (SELECT s.event, s.created_at, s.gone_at IS NOT NULL AS gone FROM events_relays s
                 WHERE s.relay_id = $1 AND s.created_at BETWEEN $2 AND $3
                 ORDER BY s.created_at, s.event LIMIT $4) AS z
        """,
        parameters: [.int4, .int8, .int8, .int8], columns: [.int8, .int8, .bool, .bytea], isIdempotent: true)

    /// As above, and $5 kinds, $6 authors, empty for all, $7 letters and $8 values of tags, parallel. A tag's first
    /// value is compared as text, so that nothing rests on a hash.
    static let matchingSightings = NamedStatement(
        "matching_sightings",
        """
        SELECT s.event, s.created_at, s.gone_at IS NOT NULL AS gone, m.event_id
          FROM events_relays s
         CROSS JOIN LATERAL (
               SELECT e.event_id, e.kind, e.pubkey, e.tags FROM events e WHERE e.id = s.event OFFSET 0) AS m
         WHERE s.relay_id = $1 AND s.created_at BETWEEN $2 AND $3
           AND (cardinality($5::int[]) = 0 OR m.kind = ANY ($5))
           AND (cardinality($6::bytea[]) = 0 OR m.pubkey = ANY ($6))
           AND NOT EXISTS (
               SELECT FROM unnest($7::text[]) AS l (letter)
                WHERE NOT EXISTS (
                    SELECT FROM jsonb_array_elements(m.tags) AS t (tag),
                           unnest($7::text[], $8::text[]) AS w (letter, value)
                     WHERE w.letter = l.letter AND t.tag ->> 0 = w.letter AND t.tag ->> 1 = w.value))
         ORDER BY s.created_at, s.event LIMIT $4
        """,
        parameters: [.int4, .int8, .int8, .int8, .int4Array, .byteaArray, .textArray, .textArray],
        columns: [.int8, .int8, .bool, .bytea], isIdempotent: true)

    /// What the relay is known to have, or to have had, in a closed interval of seconds, of the kinds, authors and tags
    /// of `filter`; oldest first. Nil when that is more than `limit` rows. Under a filter each sighting's event is
    /// read, whether it matches or not.
    public func relaySightings(
        _ relay: RelayID, from lo: UnixTime, to hi: UnixTime, limit: Int, matching filter: Filter = Filter()
    ) async throws -> [StoredSighting]? {
        // An empty list matches nothing (NIP-01).
        guard filter.kinds?.isEmpty != true, filter.authors?.isEmpty != true else { return [] }
        let rows = try await rows(relay, lo, hi, Int64(clamping: max(limit, 0)) + 1, filter)
        guard rows.count <= limit else { return nil }
        return try rows.compactMap { row in
            // An event that was erased leaves its sightings for a while.
            guard let id = try row.decode(Bytes32?.self, at: 3) else { return nil }
            return StoredSighting(
                event: try row.decode(at: 0), id: id, createdAt: UnixTime(seconds: try row.decode(at: 1)),
                isGone: try row.decode(at: 2))
        }
    }

    private func rows(
        _ relay: RelayID, _ lo: UnixTime, _ hi: UnixTime, _ limit: Int64, _ filter: Filter
    ) async throws -> RowSet {
        let timeout = settings.timeouts.procedure.duration
        guard filter.kinds != nil || filter.authors != nil || !filter.tags.isEmpty else {
            return try await pool.fetch(
                Self.relaySightings, .int4(relay.value), .int8(lo.seconds), .int8(hi.seconds), .int8(limit),
                timeout: timeout)
        }
        let tags = filter.tags.sorted { $0.key < $1.key }.flatMap { name, values in values.map { (name, $0) } }
        return try await pool.fetch(
            Self.matchingSightings, .int4(relay.value), .int8(lo.seconds), .int8(hi.seconds), .int8(limit),
            .int4s((filter.kinds ?? []).map(Int32.init)), .byteas((filter.authors ?? []).map { Array($0.bytes) }),
            .texts(tags.map(\.0.description)), .texts(tags.map(\.1)), timeout: timeout)
    }
}
