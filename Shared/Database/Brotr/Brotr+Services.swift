public import Nostr
import Settings

/// What services keep about themselves: state, replicas, leases of single-active work.
extension Brotr {
    /// $1 name.
    static let loadServiceState = NamedStatement(
        "load_service_state", "SELECT state, updated_at FROM service_state WHERE service_name = $1",
        parameters: [.text], columns: [.jsonb, .int8], isIdempotent: true)

    /// The state of a service as JSON text, and when it was saved; nil before the first time.
    public func loadServiceState(
        name: String, timeout: Duration? = nil
    ) async throws -> (json: [UInt8], updatedAt: UnixTime)? {
        let rows = try await pool.fetch(
            Self.loadServiceState, .text(name), timeout: timeout ?? settings.timeouts.query.duration)
        guard let row = rows.first else { return nil }
        let (json, updatedAt) = try row.decode(JSONText.self, Int64.self)
        return (json.bytes, UnixTime(seconds: updatedAt))
    }

    /// $1 name, $2 state.
    static let saveServiceState = NamedStatement(
        "save_service_state",
        """
        INSERT INTO service_state AS s (service_name, state, updated_at)
        VALUES ($1, $2, extract(epoch FROM now())::bigint)
        ON CONFLICT (service_name) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at
        """,
        parameters: [.text, .jsonb], isIdempotent: true)

    /// Saves the state of a service, JSON text in UTF-8.
    public func saveServiceState(name: String, json: [UInt8], timeout: Duration? = nil) async throws {
        try await pool.execute(
            Self.saveServiceState, .text(name), .jsonb(json), timeout: timeout ?? settings.timeouts.query.duration)
    }

    /// $1 name, $2 counts. What stands under other keys stays; a count that is no number begins anew.
    static let addToServiceState = NamedStatement(
        "add_to_service_state",
        """
        INSERT INTO service_state AS s (service_name, state, updated_at)
        VALUES ($1, $2::jsonb || jsonb_build_object('last_run_at', extract(epoch FROM now())::bigint),
                extract(epoch FROM now())::bigint)
        ON CONFLICT (service_name) DO UPDATE
           SET updated_at = excluded.updated_at,
               state = s.state || excluded.state || (
                   SELECT coalesce(jsonb_object_agg(c.key, c.value::bigint
                              + coalesce(substring(s.state ->> c.key FROM '^[0-9]{1,18}$')::bigint, 0)), '{}')
                     FROM jsonb_each_text($2::jsonb) AS c)
        """,
        parameters: [.text, .jsonb])

    /// Adds to the counts that all replicas of a service keep together, and says that one has run.
    public func addToServiceState(name: String, _ counts: [String: Int64]) async throws {
        let json = "{" + counts.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
        try await pool.execute(
            Self.addToServiceState, .text(name), .jsonb(Array(json.utf8)),
            timeout: settings.timeouts.query.duration)
    }

    /// $1 service, $2 name that stays, $3 seconds. Row locks are taken by name, and nobody waits for one.
    static let deleteOldStates = NamedStatement(
        "delete_old_states",
        """
        DELETE FROM service_state
         WHERE service_name = ANY (ARRAY(
            SELECT s.service_name FROM service_state s
             WHERE starts_with(s.service_name, $1 || ':') AND s.service_name <> $2
               AND s.updated_at < extract(epoch FROM now())::bigint - $3
             ORDER BY s.service_name FOR UPDATE SKIP LOCKED))
        """,
        parameters: [.text, .text, .int8], isIdempotent: true)

    /// Deletes the states of replicas of a service, named `service:replica`, that were not saved for `age`. The state
    /// of the service itself stays, and so does the one named `keeping`.
    /// - Returns: how many were deleted.
    @discardableResult
    public func deleteOldStates(
        service: String, keeping name: String, age: Duration = .seconds(86_400)
    ) async throws -> Int {
        try await pool.execute(
            Self.deleteOldStates, .text(service), .text(name), .int8(age.components.seconds),
            timeout: settings.timeouts.query.duration)
    }

    /// $1 replica, $2 service, $3 build.
    static let heartbeat = NamedStatement(
        "heartbeat",
        """
        INSERT INTO service_replicas (replica_id, service, build) VALUES ($1, $2, $3)
        ON CONFLICT (replica_id) DO UPDATE SET heartbeat_at = now()
        """,
        parameters: [.uuid, .text, .text], isIdempotent: true)

    /// Says that a replica is alive.
    public func heartbeat(_ replica: ServiceReplica) async throws {
        try await pool.execute(
            Self.heartbeat, .uuid(replica.id.uuid), .text(replica.service), .text(replica.build))
    }

    /// $1 replica, $2 service, $3 seconds after which a silent replica of the service is taken for dead.
    static let removeReplica = NamedStatement(
        "remove_replica",
        """
        DELETE FROM service_replicas
         WHERE replica_id = $1 OR (service = $2 AND heartbeat_at < now() - make_interval(secs => $3))
        """,
        parameters: [.uuid, .text, .float8], isIdempotent: true)

    /// Takes a replica out at its end, and those of the same service that have been silent for long.
    public func removeReplica(_ id: ReplicaID, service: String, silentFor: Duration = .seconds(86_400)) async throws {
        try await pool.execute(Self.removeReplica, .uuid(id.uuid), .text(service), .seconds(silentFor))
    }

    /// $1 name, $2 owner, $3 seconds.
    static let claimServiceLease = NamedStatement(
        "claim_service_lease",
        """
        UPDATE service_leases
           SET owner = $2, fence = fence + 1, due_at = now() + make_interval(secs => $3)
         WHERE name = $1 AND (due_at <= now() OR owner IS NULL)
        RETURNING fence
        """,
        parameters: [.text, .uuid, .float8], columns: [.int8])

    /// Claims the single-active work `name`.
    /// - Returns: the fence; nil while somebody holds it.
    public func claimServiceLease(_ name: String, owner: ReplicaID, ttl: Duration) async throws -> Int64? {
        try await pool.fetch(Self.claimServiceLease, .text(name), .uuid(owner.uuid), .seconds(ttl)).first?.decode(at: 0)
    }

    /// $1 name, $2 owner, $3 fence, $4 seconds.
    static let renewServiceLease = NamedStatement(
        "renew_service_lease",
        """
        UPDATE service_leases SET due_at = now() + make_interval(secs => $4)
         WHERE name = $1 AND owner = $2 AND fence = $3
        """,
        parameters: [.text, .uuid, .int8, .float8], isIdempotent: true)

    /// Keeps the work for `ttl` more. False when it is somebody else's by now.
    public func renewServiceLease(
        _ name: String, owner: ReplicaID, fence: Int64, ttl: Duration
    ) async throws -> Bool {
        try await pool.execute(
            Self.renewServiceLease, .text(name), .uuid(owner.uuid), .int8(fence), .seconds(ttl)) == 1
    }

    /// $1 name, $2 owner, $3 fence.
    static let releaseServiceLease = NamedStatement(
        "release_service_lease",
        "UPDATE service_leases SET owner = NULL, due_at = now() WHERE name = $1 AND owner = $2 AND fence = $3",
        parameters: [.text, .uuid, .int8], isIdempotent: true)

    /// Gives the work back. False when it was no longer ours.
    @discardableResult
    public func releaseServiceLease(_ name: String, owner: ReplicaID, fence: Int64) async throws -> Bool {
        try await pool.execute(Self.releaseServiceLease, .text(name), .uuid(owner.uuid), .int8(fence)) == 1
    }
}

/// One process of a service as the others see it.
public struct ServiceReplica: Sendable, Equatable {
    /// Which process.
    public var id: ReplicaID
    /// Name of the service.
    public var service: String
    /// Version of the executable.
    public var build: String?

    /// Direct form.
    public init(
        id: ReplicaID, service: String, build: String? = nil
    ) {
        self.id = id
        self.service = service
        self.build = build
    }
}
