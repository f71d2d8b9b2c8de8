import Database
import Nostr
import Settings

/// The SQL of ranking: what speaks for relays, and what it makes them worth.
struct RankingStore: Sendable {
    let brotr: Brotr
    /// For one read.
    let queryTimeout: Duration

    /// Every statement, for the test that prepares them.
    static let statements = [unrankedRelays, commitRanking]

    /// A relay and what speaks for it.
    struct Candidate: Sendable, Equatable {
        var relay: Int32
        /// As stored; nil where a later rule takes it for none.
        var url: RelayURL?
        var evidence: [CandidateEvidence]
    }

    /// A relay with its worth.
    struct Ranked: Sendable, Equatable {
        var relay: Int32
        var domain: String
        var worth: Double
        var parts: [Part]

        /// What one place adds.
        struct Part: Sendable, Equatable {
            var source: String
            var slot: String
            var worth: Double
        }
    }

    /// $1 relays, $2 how many places an author may name at full weight.
    static let unrankedRelays = NamedStatement(
        "unranked_relays",
        """
        SELECT u.relay_id, u.relay_url, u.source, u.slot, u.votes, u.last_seen, u.today
          FROM unranked_relays($1, $2) AS u
        """,
        parameters: [.int4, .int4], columns: [.int4, .text, .text, .text, .float8, .int8, .int8], isIdempotent: true)

    /// Relays whose worth is to be worked out, and the database's Unix seconds.
    func unranked(limit: Int, authorQuota: Int) async throws -> (candidates: [Candidate], now: Int64) {
        let rows = try await brotr.pool.fetch(
            Self.unrankedRelays, .int4(Int32(clamping: limit)), .int4(Int32(clamping: authorQuota)),
            timeout: queryTimeout)
        var candidates: [Int32: Candidate] = [:]
        for row in rows {
            let (relay, url, source) = try row.decode(Int32.self, String.self, String?.self)
            var candidate = candidates[relay] ?? Candidate(relay: relay, url: try? RelayURL.parse(url), evidence: [])
            if let source {
                candidate.evidence.append(
                    CandidateEvidence(
                        source: source, slot: try row.decode(at: 3), votes: try row.decode(at: 4),
                        lastSeen: try row.decode(at: 5)))
            }
            candidates[relay] = candidate
        }
        let now = try rows.first.map { try $0.decode(Int64.self, at: 6) } ?? 0
        return (candidates.values.sorted { $0.relay < $1.relay }, now)
    }

    /// $1 owner, $2 fence, $3 relays a domain may have at full worth, $4 relays, $5 domains, $6 worths, $7 to $10
    /// parts.
    static let commitRanking = NamedStatement(
        "commit_ranking", "SELECT commit_ranking($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        parameters: [
            .uuid, .int8, .int4, .int4Array, .textArray, .float8Array, .int4Array, .textArray, .textArray,
            .float8Array,
        ],
        columns: [.bool])

    /// Stores worths under a lease.
    /// - Throws: `CandidateError.leaseLost`; `DatabaseError`.
    func commit(_ ranked: [Ranked], domainQuota: Int, owner: ReplicaID, fence: Int64) async throws {
        let parts = ranked.enumerated().flatMap { index, relay in relay.parts.map { (Int32(index + 1), $0) } }
        let rows = try await brotr.pool.fetch(
            Self.commitRanking, .uuid(owner.uuid), .int8(fence), .int4(Int32(clamping: domainQuota)),
            .int4s(ranked.map(\.relay)), .texts(ranked.map(\.domain)), .float8s(ranked.map(\.worth)),
            .int4s(parts.map(\.0)), .texts(parts.map(\.1.source)), .texts(parts.map(\.1.slot)),
            .float8s(parts.map(\.1.worth)), timeout: brotr.settings.timeouts.batch.duration)
        guard try rows.first?.decode(Bool.self, at: 0) == true else { throw CandidateError.leaseLost }
    }
}
