/// How the relays of a lane are spread over its replicas.
public struct WorkShare: Sendable, Equatable {
    /// Replicas of the lane that showed a sign of life lately, this one included.
    public var replicas: Int
    /// Others among them that have free slots and found nothing due.
    public var wanting: Int
    /// Relays of the lane that somebody holds; 0 while nobody wants any.
    public var held: Int

    /// Direct form.
    public init(replicas: Int, wanting: Int, held: Int) {
        self.replicas = replicas
        self.wanting = wanting
        self.held = held
    }
}

extension Brotr {
    /// $1 lane, $2 replica, $3 slots, $4 wants work.
    static let shareWork = NamedStatement(
        "share_work",
        """
        WITH mine AS (
            UPDATE service_replicas SET lane = $1, slots = $3, steal_wanted = $4
             WHERE replica_id = $2 AND (lane, slots, steal_wanted) IS DISTINCT FROM ($1, $3, $4)),
        others AS (
            SELECT count(*) AS live, count(*) FILTER (WHERE r.steal_wanted) AS wanting
              FROM service_replicas r
             WHERE r.lane = $1 AND r.replica_id <> $2 AND r.heartbeat_at > now() - interval '1 minute')
        SELECT o.live + 1, o.wanting,
               CASE WHEN o.wanting > 0 THEN (
                   SELECT count(*) FROM relay_sync s WHERE s.lane = $1 AND s.owner IS NOT NULL AND s.due_at > now())
               ELSE 0 END
          FROM others o
        """,
        parameters: [.int2, .uuid, .int4, .bool], columns: [.int8, .int8, .int8], isIdempotent: true)

    /// Says whether this replica has slots and no work, and asks whether others have.
    public func shareWork(lane: Int16, replica: ReplicaID, slots: Int, wantsWork: Bool) async throws -> WorkShare {
        let rows = try await pool.fetch(
            Self.shareWork, .int2(lane), .uuid(replica.uuid), .int4(Int32(clamping: slots)), .bool(wantsWork))
        guard let row = rows.first else { throw DatabaseError(.decoding, step: Self.shareWork.name) }
        let (replicas, wanting, held) = try row.decode(Int64.self, Int64.self, Int64.self)
        return WorkShare(replicas: Int(replicas), wanting: Int(wanting), held: Int(held))
    }
}
