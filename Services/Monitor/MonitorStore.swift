import Crypto
import Database
import Logging
import Nostr
import Settings
import Telemetry

/// The SQL of the Monitor: leases of checks, and what they found.
struct MonitorStore: Sendable {
    let brotr: Brotr
    let owner: ReplicaID
    let logger: Logger
    /// Learns the time with every claim.
    var time: DatabaseClock?

    /// Every statement, for the test that prepares them.
    static let statements =
        [claimChecks, commitCheck, putBackCheck, findAliases, noteOpinions, hearDeltas] + PublishStore.statements

    /// $1 network, $2 queue, $3 limit, $4 owner, $5 seconds of the lease.
    static let claimChecks = NamedStatement(
        "claim_checks",
        """
        SELECT c.relay_id, c.relay_url, c.fence, c.status, c.fails, c.was_up, c.failing_since, c.planned_at,
               c.full_at, c.database_now
          FROM claim_checks($1, $2, $3, $4, $5) AS c
        """,
        parameters: [.text, .int2, .int8, .uuid, .float8],
        columns: [.int4, .text, .int8, .text, .int4, .bool, .int8, .int8, .int8, .int8])

    /// Claims at most `limit` relays of a queue whose check is due. A row whose URL is none is
    /// put off by a day, logged and left out.
    /// - Returns: the leases, and how many rows there were.
    func claim(_ queue: CheckQueue, limit: Int, ttl: Duration) async throws -> (leases: [CheckLease], rows: Int) {
        let rows = try await brotr.pool.fetch(
            Self.claimChecks, .text(queue.network.rawValue), .int2(queue.kind.rawValue), .int8(Int64(limit)),
            .uuid(owner.uuid), .seconds(ttl), timeout: brotr.settings.timeouts.query.duration)
        var leases: [CheckLease] = []
        for row in rows {
            let (relay, text, fence) = try row.decode(Int32.self, String.self, Int64.self)
            time?.note(try row.decode(at: 9))
            do {
                leases.append(try Self.lease(row, RelayID(relay), RelayURL.parse(text), fence))
            } catch let problem as RelayURLError {
                let fields: Logger.Metadata = [
                    LogKey.relayID: .stringConvertible(relay), LogKey.errorKind: "bad_url",
                    LogKey.reason: "\(problem.kind)",
                ]
                logger.warning("relay_url_refused", metadata: fields)
                _ = try await putBack(RelayID(relay), fence: fence, dueIn: .seconds(86_400))
            }
        }
        return (leases, rows.count)
    }

    private static func lease(_ row: Row, _ relay: RelayID, _ url: RelayURL, _ fence: Int64) throws -> CheckLease {
        let now = try row.decode(Int64.self, at: 9)
        let plannedAt = try row.decode(Int64?.self, at: 7)
        let standing = MonitorPlan.Standing(
            status: RelayStatus(rawValue: try row.decode(String.self, at: 3)) ?? .unknown,
            fails: try row.decode(at: 4), wasUp: try row.decode(at: 5),
            failingFor: try row.decode(Int64?.self, at: 6).map { .seconds(now - $0) },
            lateness: plannedAt.map { .seconds(now - $0) },
            fullIn: try row.decode(Int64?.self, at: 8).map { .seconds($0 - now) })
        return CheckLease(relay: relay, url: url, fence: fence, standing: standing, plannedAt: plannedAt)
    }

    /// $1 owner, $2 relay, $3 fence, $4 seconds since it began, $5 seconds until the next, $6 whether it answered,
    /// $7 status, $8 fails, $9 unwatched since or NULL, $10 reason or NULL, $11 measurement, $12 raw NIP-11 or NULL,
    /// $13 its columns, $14 why there is none, $15 what to publish or NULL,
    /// $16 seconds until the next full check or NULL.
    static let commitCheck = NamedStatement(
        "commit_check", "SELECT commit_check($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        parameters: [
            .uuid, .int4, .int8, .float8, .float8, .bool, .text, .int4, .int8, .text, .jsonb, .bytea, .jsonb, .text,
            .jsonb, .float8,
        ],
        columns: [.bool], isIdempotent: true)

    /// Stores a check with everything that follows from it, and ends its lease.
    /// - Parameters:
    ///   - taken: how long ago the check began.
    ///   - event: what is to be published of it.
    /// - Returns: false when the lease was lost; then nothing was stored.
    func commit(
        _ report: CheckReport, _ decision: MonitorPlan.Decision, under lease: CheckLease, taken: Duration,
        event: QueuedEvent? = nil
    ) async throws -> Bool {
        let document = report.nip11?.document
        let rows = try await brotr.pool.fetch(
            Self.commitCheck, .uuid(owner.uuid), .int4(lease.relay.value), .int8(lease.fence), .seconds(taken),
            .seconds(decision.wait), .bool(report.isUp), .text(decision.status.rawValue), .int4(decision.fails),
            .int8(decision.wasUnwatched ? lease.plannedAt : nil), .text(report.reason),
            .jsonb(report.document.encode()), .bytea(document?.raw), .jsonb(document?.columns.encode()),
            .text(report.nip11Reason), .jsonb(event?.json), decision.fullWait.map { .seconds($0) } ?? .float8(nil),
            timeout: brotr.settings.timeouts.procedure.duration)
        guard let row = rows.first else { throw DatabaseError(.decoding, step: Self.commitCheck.name) }
        return try row.decode(Bool.self, at: 0)
    }

    /// $1 relay, $2 whether it answered, $3 index keys, $4 tags d, $5 our key or NULL, $6 seconds.
    static let noteOpinions = NamedStatement(
        "note_opinions", "SELECT note_opinions($1, $2, $3, $4, $5, $6)",
        parameters: [.int4, .bool, .int8Array, .textArray, .bytea, .int4], columns: [.int4])

    /// Stores what others say of a relay beside what we found.
    /// - Parameter author: our key, which is no other's; nil when we publish nothing.
    func note(_ opinion: SecondOpinion, of relay: RelayID, isUp: Bool, author: PublicKey?) async throws {
        _ = try await brotr.pool.fetch(
            Self.noteOpinions, .int4(relay.value), .bool(isUp), .int8s(opinion.keys), .texts(opinion.identifiers),
            .bytea(author?.bytes), .int4(SecondOpinion.window), timeout: brotr.settings.timeouts.query.duration)
    }

    /// $1 our key or NULL, $2 seconds, $3 events at most.
    static let hearDeltas = NamedStatement(
        "hear_deltas", "SELECT hear_deltas($1, $2, $3)", parameters: [.bytea, .int4, .int4], columns: [.int4],
        isIdempotent: true)

    /// Keeps what others say of changes of state, for the opinions of the checks that follow.
    /// - Parameter author: our key, which is no other's; nil when we publish nothing.
    func hearDeltas(author: PublicKey?) async throws {
        _ = try await brotr.pool.fetch(
            Self.hearDeltas, .bytea(author?.bytes), .int4(SecondOpinion.window), .int4(SecondOpinion.mostDeltas),
            timeout: brotr.settings.timeouts.procedure.duration)
    }

    /// $1 relay, $2 fence, $3 owner, $4 seconds until due.
    static let putBackCheck = NamedStatement(
        "put_back_check",
        """
        UPDATE relay_checks SET owner = NULL, due_at = now() + make_interval(secs => $4)
         WHERE relay_id = $1 AND fence = $2 AND owner = $3
        """,
        parameters: [.int4, .int8, .uuid, .float8], isIdempotent: true)

    /// Gives a relay back that was not checked.
    /// - Returns: false when it was no longer ours.
    func putBack(_ relay: RelayID, fence: Int64, dueIn: Duration) async throws -> Bool {
        let changed = try await brotr.pool.execute(
            Self.putBackCheck, .int4(relay.value), .int8(fence), .uuid(owner.uuid), .seconds(dueIn),
            timeout: brotr.settings.timeouts.query.duration)
        return changed == 1
    }

    /// $1 relays at most.
    static let findAliases = NamedStatement(
        "find_aliases", "SELECT a.compared, a.aliases FROM find_aliases($1) AS a",
        parameters: [.int8], columns: [.int8, .int8], isIdempotent: true)

    /// Looks whether relays that are up are others by a second name, each once a day.
    /// - Returns: how many were looked at, and how many of them are.
    func findAliases(limit: Int) async throws -> (compared: Int64, aliases: Int64) {
        let rows = try await brotr.pool.fetch(
            Self.findAliases, .int8(Int64(limit)), timeout: brotr.settings.timeouts.procedure.duration)
        guard let row = rows.first else { throw DatabaseError(.decoding, step: Self.findAliases.name) }
        return try row.decode(Int64.self, Int64.self)
    }
}
