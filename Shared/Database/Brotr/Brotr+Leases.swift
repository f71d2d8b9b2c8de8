import Logging
public import Nostr
import Settings
import Telemetry

/// Leases of relays. All times are the database's; the fence rises with every claim and is carried by every write.
extension Brotr {
    /// $1 lane, $2 network, $3 limit, $4 owner, $5 seconds of the lease, $6 seconds a relay must be overdue.
    static let claimRelays = NamedStatement(
        "claim_relays",
        """
        SELECT c.relay_id, c.relay_url, c.is_ignored, c.fence, c.class, c.tail_seen, c.sealed_hi, c.walk_lo, c.walk_hi,
               c.frontier, c.cap_seen, c.page_size, c.fails, c.deficit_bytes, c.database_now, c.rate
          FROM claim_relays($1, $2, $3, $4, $5, $6) AS c
        """,
        parameters: [.int2, .text, .int8, .uuid, .float8, .float8],
        columns: [
            .int4, .text, .bool, .int8, .int2, .int8, .int8, .int8, .int8, .int8, .int4, .int4, .int4, .int8, .int8,
            .float8,
        ])

    /// Claims at most `limit` relays of a lane and network that are due, for `ttl`.
    /// - Parameters:
    ///   - overdueBy: only relays that have been due this long, for those who help out another lane.
    /// - Returns: sorted by relay. A row whose URL is none is given back at once, due in a day, logged and left out.
    public func claimRelays(
        lane: Int16, network: Network, limit: Int, owner: ReplicaID, ttl: Duration, overdueBy: Duration = .zero
    ) async throws -> [RelayLease] {
        let rows = try await pool.fetch(
            Self.claimRelays, .int2(lane), .text(network.rawValue), .int8(Int64(max(limit, 0))), .uuid(owner.uuid),
            .seconds(ttl), .seconds(overdueBy), timeout: settings.timeouts.query.duration)
        var leases: [RelayLease] = []
        for row in rows {
            let text = try row.decode(String.self, at: 1)
            switch Result(catching: { () throws(RelayURLError) in try RelayURL.parse(text) }) {
            case .success(let url): leases.append(try Self.lease(row, url, lane, network, owner))
            case .failure(let problem): try await giveBack(row, owner, problem)
            }
        }
        return leases.sorted { $0.relay < $1.relay }
    }

    /// A row whose URL is none takes no slot: a day later it is looked at again, in case somebody has put it right.
    private func giveBack(_ row: Row, _ owner: ReplicaID, _ problem: RelayURLError) async throws {
        let relay = RelayID(try row.decode(at: 0))
        let fails = min(try row.decode(Int32.self, at: 12), 1_000_000) + 1
        let fields: Logger.Metadata = [
            LogKey.relayID: .stringConvertible(relay.value), LogKey.errorKind: "bad_url",
            LogKey.reason: "\(problem.kind)",
        ]
        pool.logger.warning("relay_url_refused", metadata: fields)
        let release = RelayRelease(
            relay: relay, fence: try row.decode(at: 3), owner: owner, dueIn: .seconds(86_400), fails: fails,
            lastError: "bad_url")
        do {
            _ = try await releaseRelay(release)
        } catch let error as DatabaseError {
            // The other relays of the claim are worth more: this lease ends by itself, and then it is tried again.
            pool.logger.warning(
                "relay_not_released",
                metadata: [
                    LogKey.relayID: .stringConvertible(relay.value), LogKey.errorKind: "\(error.kind.rawValue)",
                ])
        }
    }

    private static func lease(
        _ row: Row, _ url: RelayURL, _ lane: Int16, _ network: Network, _ owner: ReplicaID
    ) throws -> RelayLease {
        RelayLease(
            relay: RelayID(try row.decode(at: 0)), url: url, network: network, owner: owner,
            fence: try row.decode(at: 3), lane: lane, relayClass: try row.decode(at: 4),
            isIgnored: try row.decode(at: 2), tailSeen: try row.time(at: 5), sealedHi: try row.time(at: 6),
            walkLo: try row.time(at: 7), walkHi: try row.time(at: 8), frontier: try row.time(at: 9),
            capSeen: try row.decode(at: 10), pageSize: try row.decode(at: 11), fails: try row.decode(at: 12),
            rate: try row.decode(at: 15), deficitBytes: try row.decode(at: 13),
            databaseNow: UnixTime(seconds: try row.decode(at: 14)))
    }

    /// $1 relays and $2 fences, parallel; $3 owner, $4 seconds. Rows are locked in relay_id order.
    static let renewLeases = NamedStatement(
        "renew_leases",
        """
        WITH held AS MATERIALIZED (
            SELECT s.relay_id FROM relay_sync s
             WHERE s.relay_id = ANY ($1::int[]) AND s.owner = $3
               AND s.fence = ($2::bigint[])[array_position($1::int[], s.relay_id)]
             ORDER BY s.relay_id FOR NO KEY UPDATE)
        UPDATE relay_sync s SET due_at = now() + make_interval(secs => $4)
         WHERE s.relay_id = ANY (ARRAY(SELECT h.relay_id FROM held h))
        RETURNING s.relay_id
        """,
        parameters: [.int4Array, .int8Array, .uuid, .float8], columns: [.int4], isIdempotent: true)

    /// Renews leases until `ttl` from now.
    /// - Returns: those that are still ours; the others belong to somebody else by now.
    public func renewLeases(
        _ leases: [(RelayID, Int64)], owner: ReplicaID, ttl: Duration
    ) async throws -> Set<RelayID> {
        guard !leases.isEmpty else { return [] }
        let rows = try await pool.fetch(
            Self.renewLeases, .int4s(leases.map(\.0.value)), .int8s(leases.map(\.1)), .uuid(owner.uuid), .seconds(ttl),
            timeout: settings.timeouts.query.duration)
        return Set(try rows.map { RelayID(try $0.decode(at: 0)) })
    }

    /// $1 relays, $2 lane.
    static let leavingRelays = NamedStatement(
        "leaving_relays",
        """
        SELECT s.relay_id FROM relay_sync s JOIN relays r ON r.relay_id = s.relay_id
         WHERE s.relay_id = ANY ($1::int[]) AND (s.lane <> $2 OR s.lane_next IS NOT NULL OR r.status = 'ignored')
        """,
        parameters: [.int4Array, .int2], columns: [.int4], isIdempotent: true)

    /// Those of these relays that are not this lane's, are to leave it when they are given back, or are ignored.
    public func leavingRelays(_ relays: [RelayID], lane: Int16) async throws -> Set<RelayID> {
        guard !relays.isEmpty else { return [] }
        let rows = try await pool.fetch(
            Self.leavingRelays, .int4s(relays.map(\.value)), .int2(lane), timeout: settings.timeouts.query.duration)
        return Set(try rows.map { RelayID(try $0.decode(at: 0)) })
    }

    /// $1 relay, $2 fence, $3 owner, $4 seconds until due, $5 class or NULL, $6 fails, $7 error or NULL, $8 rate or
    /// NULL, $9 deficit.
    static let releaseRelay = NamedStatement(
        "release_relay",
        """
        UPDATE relay_sync
           SET owner = NULL, due_at = now() + make_interval(secs => $4), class = coalesce($5, class), fails = $6,
               last_error = CASE WHEN $5 IS NULL THEN coalesce($7, last_error) ELSE $7 END, rate = $8::float8,
               deficit_bytes = $9
         WHERE relay_id = $1 AND fence = $2 AND owner = $3
        """,
        parameters: [.int4, .int8, .uuid, .float8, .int2, .int4, .text, .float8, .int8], isIdempotent: true)

    /// $1 relay, $2 fence, $3 owner, $4 class, $5 error or NULL.
    static let noteStanding = NamedStatement(
        "note_standing",
        """
        UPDATE relay_sync SET class = $4, last_error = $5
         WHERE relay_id = $1 AND fence = $2 AND owner = $3
        """,
        parameters: [.int4, .int8, .uuid, .int2, .text], isIdempotent: true)

    /// Writes what is thought of a relay that stays held.
    /// - Returns: false when it was no longer ours; then nothing was changed.
    public func noteStanding(_ standing: RelayStanding, _ lease: RelayLease) async throws -> Bool {
        let changed = try await pool.execute(
            Self.noteStanding, .int4(lease.relay.value), .int8(lease.fence), .uuid(lease.owner.uuid),
            .int2(standing.relayClass), .text(Self.clipped(standing.lastError)),
            timeout: settings.timeouts.query.duration)
        return changed == 1
    }

    /// As much of a kind as its column takes.
    private static func clipped(_ error: String?) -> String? {
        error.map { String(decoding: $0.utf8.prefix(512), as: UTF8.self) }
    }

    /// Gives a relay back.
    /// - Returns: false when it was no longer ours; then nothing was changed.
    public func releaseRelay(_ release: RelayRelease) async throws -> Bool {
        let changed = try await pool.execute(
            Self.releaseRelay, .int4(release.relay.value), .int8(release.fence), .uuid(release.owner.uuid),
            .seconds(release.dueIn), .int2(release.relayClass), .int4(release.fails),
            .text(Self.clipped(release.lastError)), .float8(release.rate), .int8(release.deficitBytes),
            timeout: settings.timeouts.query.duration)
        return changed == 1
    }
}

extension Row {
    /// A `bigint` of Unix seconds, or NULL.
    func time(at column: Int) throws -> UnixTime? {
        try decode(Int64?.self, at: column).map(UnixTime.init(seconds:))
    }
}
