import Database
import Logging
import ServiceKit
import Settings
import Telemetry

/// What is known of the APIs: read with the database's time, written with what they named.
extension FinderStore {
    /// $1 name of the row.
    static let sourceStates = NamedStatement(
        "source_states",
        """
        SELECT extract(epoch FROM now())::bigint,
               (SELECT s.state FROM service_state s WHERE s.service_name = $1)
        """,
        parameters: [.text], columns: [.int8, .jsonb], isIdempotent: true)

    /// The states of all sources, and Unix seconds now. States that cannot be read are reported and left for fresh
    /// ones: every source is asked again.
    func sources(_ logger: Logger) async throws -> (states: APISourceStates, now: Int64) {
        let rows = try await brotr.pool.fetch(
            Self.sourceStates, .text(APISourceStates.name), timeout: brotr.settings.timeouts.query.duration)
        guard let row = rows.first else { throw DatabaseError(.decoding, step: Self.sourceStates.name) }
        let (now, json) = try row.decode(Int64.self, JSONText?.self)
        guard let json else { return (APISourceStates(), now) }
        do { return (try APISourceStates(json: json.bytes), now) } catch {
            logger.error("state_unreadable", metadata: [LogKey.errorKind: "state_unreadable"])
            return (APISourceStates(), now)
        }
    }

    /// $1 name of the row, $2 states.
    static let saveSourceStates = NamedStatement(
        "save_source_states",
        """
        INSERT INTO service_state AS s (service_name, state, updated_at)
        VALUES ($1, $2, extract(epoch FROM now())::bigint)
        ON CONFLICT (service_name) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at
        """,
        parameters: [.text, .jsonb])

    /// Stores what an API names together with the states of all APIs, in one transaction under the lease.
    /// - Returns: relays that were new.
    /// - Throws: `CandidateError.leaseLost`; `DatabaseError`. Then neither is stored, unless the answer to the commit
    ///   was lost.
    func commit(
        _ batch: CandidateBatch, source: String, states: APISourceStates, owner: ReplicaID, fence: Int64
    ) async throws -> Int {
        let parameters = Self.parameters(batch, source: source, move: nil, owner: owner, fence: fence)
        let json = try states.json()
        // Nothing but these two statements happens in it, so a conflict may be tried again.
        return try await brotr.pool.withTransaction(TransactionOptions(retriesConflicts: true)) { connection in
            let found = try Self.found(
                await connection.query(Self.commitCandidates, parameters, timeout: commitTimeout))
            try await connection.query(
                Self.saveSourceStates, .text(APISourceStates.name), .jsonb(json), timeout: commitTimeout)
            return found
        }
    }
}
