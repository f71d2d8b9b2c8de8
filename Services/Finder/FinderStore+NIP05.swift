import Crypto
import Database
import Nostr
import Settings

/// Authors' names that are to be looked up, and what became of them.
extension FinderStore {
    /// An author with the name in their newest profile that was read.
    struct NamedAuthor: Sendable, Equatable {
        var author: Bytes32
        var name: NIP05Name
    }

    /// $1 authors, $2 names, $3 domains.
    static let noteNames = NamedStatement(
        "note_nip05", "SELECT note_nip05($1, $2, $3)", parameters: [.byteaArray, .textArray, .textArray],
        columns: [.void])

    /// $1 names, $2 the domain to begin behind.
    static let dueNames = NamedStatement(
        "due_nip05", "SELECT d.author, d.name, d.domain FROM due_nip05($1, $2) AS d", parameters: [.int4, .text],
        columns: [.bytea, .text, .text], isIdempotent: true)

    /// Names whose time has come, one a domain, in the order of domains.
    /// - Parameter domain: those behind it come first.
    func dueNames(limit: Int, after domain: String) async throws -> [NamedAuthor] {
        let rows = try await brotr.pool.fetch(
            Self.dueNames, .int4(Int32(clamping: limit)), .text(domain), timeout: queryTimeout)
        return try rows.compactMap { row in
            let (author, local, domain) = try row.decode(Bytea.self, String.self, String.self)
            guard let author = Bytes32(author.bytes), let name = NIP05Name("\(local)@\(domain)") else { return nil }
            return NamedAuthor(author: author, name: name)
        }
    }

    /// $1 author, $2 seconds until it is due again, $3 what went wrong.
    static let settleName = NamedStatement(
        "settle_nip05", "SELECT settle_nip05($1, $2, $3)", parameters: [.bytea, .float8, .text], columns: [.void])

    /// Stores what a name's document lists, and when it is asked again, in one transaction under the lease.
    /// - Returns: relays that were new.
    /// - Throws: `CandidateError.leaseLost`; `DatabaseError`.
    func commit(
        _ batch: CandidateBatch, of author: Bytes32, dueIn: Duration, error: String?, owner: ReplicaID, fence: Int64
    ) async throws -> Int {
        let parameters = Self.parameters(batch, source: Self.events, move: nil, owner: owner, fence: fence)
        return try await brotr.pool.withTransaction(TransactionOptions(retriesConflicts: true)) { connection in
            let found = try Self.found(
                await connection.query(Self.commitCandidates, parameters, timeout: commitTimeout))
            try await connection.query(
                Self.settleName, .bytea(Array(author.bytes)), .seconds(dueIn), .text(error), timeout: commitTimeout)
            return found
        }
    }

    /// Stores what a part of the archive names, how far it has been read and whose names are to be looked up, in one
    /// transaction.
    /// - Returns: relays that were new.
    /// - Throws: `CandidateError`; `DatabaseError`.
    func commit(
        _ batch: CandidateBatch, names: [NamedAuthor], move: (from: ScanPosition, to: ScanPosition),
        owner: ReplicaID, fence: Int64
    ) async throws -> Int {
        guard !names.isEmpty else {
            return try await commit(batch, source: Self.events, move: move, owner: owner, fence: fence)
        }
        let parameters = Self.parameters(batch, source: Self.events, move: move, owner: owner, fence: fence)
        return try await brotr.pool.withTransaction(TransactionOptions(retriesConflicts: true)) { connection in
            let found = try Self.found(
                await connection.query(Self.commitCandidates, parameters, timeout: commitTimeout))
            try await connection.query(
                Self.noteNames, .byteas(names.map { Array($0.author.bytes) }), .texts(names.map(\.name.local)),
                .texts(names.map(\.name.domain)), timeout: commitTimeout)
            return found
        }
    }
}
