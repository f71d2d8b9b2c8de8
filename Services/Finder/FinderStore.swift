import Database
import Nostr
import Settings

/// The SQL of the Finder: reading events in the order of storing, and storing candidates.
struct FinderStore: Sendable {
    let brotr: Brotr
    /// For one read of events.
    let queryTimeout: Duration

    /// Every statement, for the test that prepares them.
    static let statements =
        [scanPosition, newEvents, commitCandidates, sourceStates, saveSourceStates]
        + [noteNames, dueNames, settleName]

    /// Bytes of events in one read, about: memory stays flat however large they are.
    private static let bytesPerRead: Int64 = 16 << 20
    /// What the source of the event scan is called.
    static let events = "events"

    /// The watermark of the event scan.
    static let scanPosition = NamedStatement(
        "scan_position",
        """
        SELECT w.xid::text::bigint, w.batch_id, w.place, extract(epoch FROM w.committed_at)::bigint
          FROM scan_watermarks w WHERE w.name = 'finder'
        """,
        columns: [.int8, .int8, .int4, .int8], isIdempotent: true)

    /// How far events are read, and Unix seconds of the last batch; nil before the first.
    func position() async throws -> (position: ScanPosition, committedAt: Int64?) {
        let rows = try await brotr.pool.fetch(Self.scanPosition, timeout: queryTimeout)
        guard let row = rows.first else { throw DatabaseError(.decoding, step: Self.scanPosition.name) }
        let (transaction, batch, place, at) = try row.decode(Int64.self, Int64.self, Int32.self, Int64?.self)
        return (ScanPosition(transaction: transaction, batch: batch, place: Int64(place)), at)
    }

    /// $1 transaction, $2 batch, $3 place, $4 events, $5 bytes.
    static let newEvents = NamedStatement(
        "new_events",
        """
        SELECT n.xid, n.batch_id, n.place, extract(epoch FROM n.committed_at)::bigint, n.kind, n.pubkey, n.tags,
               n.content
          FROM new_events($1, $2, $3, $4, $5) AS n
        """,
        parameters: [.int8, .int8, .int4, .int4, .int8],
        columns: [.int8, .int8, .int4, .int8, .int4, .bytea, .jsonb, .text], isIdempotent: true)

    /// The next events behind a position, in order.
    func events(after position: ScanPosition, limit: Int) async throws -> [ArchivedEvent] {
        let rows = try await brotr.pool.fetch(
            Self.newEvents, .int8(position.transaction), .int8(position.batch),
            .int4(Int32(clamping: position.place)), .int4(Int32(clamping: limit)), .int8(Self.bytesPerRead),
            timeout: queryTimeout)
        return try rows.map { row in
            let (transaction, batch, place, at) = try row.decode(Int64.self, Int64.self, Int32.self, Int64.self)
            return ArchivedEvent(
                position: ScanPosition(transaction: transaction, batch: batch, place: Int64(place)), committedAt: at,
                body: try Self.body(row))
        }
    }

    private static func body(_ row: Row) throws -> ArchivedEvent.Body? {
        guard let kind = try row.decode(Int32?.self, at: 4) else { return nil }
        return ArchivedEvent.Body(
            kind: UInt16(clamping: kind),
            pubkey: try row.decode(Bytea.self, at: 5).bytes,
            tags: try row.decode(JSONText.self, at: 6).bytes,
            content: Array(try row.decode(String.self, at: 7).utf8))
    }

    /// $1 owner, $2 fence, $3 source, $4 version of the URL rule, $5 and $6 positions, $7 URLs, $8 networks, $9 to $11
    /// spellings, $12 to $14 places, $15 to $17 authors.
    static let commitCandidates = NamedStatement(
        "commit_candidates",
        """
        SELECT commit_candidates($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        """,
        parameters: [
            .uuid, .int8, .text, .int2, .int8Array, .int8Array, .textArray, .textArray, .int4Array, .textArray,
            .int4Array, .int4Array, .textArray, .int4Array, .int4Array, .textArray, .int8Array,
        ],
        columns: [.int4])

    /// Stores what a part of the archive names and how far it has been read, in one transaction.
    /// - Parameter move: from where to where the watermark goes.
    /// - Returns: relays that were new.
    /// - Throws: `CandidateError`; `DatabaseError`.
    func commit(
        _ batch: CandidateBatch, source: String, move: (from: ScanPosition, to: ScanPosition), owner: ReplicaID,
        fence: Int64
    ) async throws -> Int {
        let parameters = Self.parameters(batch, source: source, move: move, owner: owner, fence: fence)
        return try Self.found(
            await brotr.pool.fetch(Self.commitCandidates, parameters: parameters, timeout: commitTimeout))
    }

    /// For one write.
    var commitTimeout: Duration { brotr.settings.timeouts.batch.duration }

    /// The parameters of `commitCandidates`.
    /// - Parameter move: nil for a source without a watermark.
    static func parameters(
        _ batch: CandidateBatch, source: String, move: (from: ScanPosition, to: ScanPosition)?, owner: ReplicaID,
        fence: Int64
    ) -> SQLParameters {
        let spellings = batch.spellings.sorted { ($0.key.relay, $0.key.text) < ($1.key.relay, $1.key.text) }
        let places = batch.places.sorted { ($0.key.relay, $0.key.slot) < ($1.key.relay, $1.key.slot) }
        let authors = Array(batch.authors)
        return SQLParameters([
            .uuid(owner.uuid), .int8(fence), .text(source),
            .int2(RelayMentionReader.ruleVersion), .int8s(move?.from.parts ?? []), .int8s(move?.to.parts ?? []),
            .texts(batch.relays.map(\.text)), .texts(batch.relays.map(\.network.rawValue)),
            .int4s(spellings.map { Int32($0.key.relay + 1) }), .texts(spellings.map(\.key.text)),
            .int4s(spellings.map(\.value)), .int4s(places.map { Int32($0.key.relay + 1) }),
            .texts(places.map(\.key.slot)), .int4s(places.map(\.value)),
            .int4s(authors.map { Int32($0.place.relay + 1) }), .texts(authors.map(\.place.slot)),
            .int8s(authors.map(\.author)),
        ])
    }

    /// What `commitCandidates` answered: relays that were new.
    static func found(_ rows: RowSet) throws -> Int {
        guard let answer = try rows.first?.decode(Int32.self, at: 0) else {
            throw DatabaseError(.decoding, step: Self.commitCandidates.name)
        }
        switch answer {
        case -1: throw CandidateError.leaseLost
        case -2: throw CandidateError.watermarkMoved
        default: return Int(answer)
        }
    }
}
