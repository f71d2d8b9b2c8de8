import Nostr
import Settings

/// Single inserts: relays, checks, and events outside any lease.
extension Brotr {
    /// $1 URL, $2 network, $3 seconds.
    static func insertRelay(_ names: ProcedureNames) -> NamedStatement {
        NamedStatement(
            "insert_relay", "SELECT \(names.insertRelay)($1, $2, $3)", parameters: [.text, .text, .int8],
            columns: [.int4], isIdempotent: true)
    }

    /// Stores a relay unless it is known.
    public func insertRelay(_ relay: RelayRecord) async throws -> RelayID {
        let rows = try await pool.fetch(
            calls.insertRelay, .text(relay.url.text), .text(relay.url.network.rawValue),
            .int8(relay.insertedAt.seconds), timeout: settings.timeouts.procedure.duration)
        return RelayID(try rows.only("insert_relay").decode(at: 0))
    }

    /// $1 URLs, $2 networks, $3 seconds, parallel.
    static func insertRelays(_ names: ProcedureNames) -> NamedStatement {
        NamedStatement(
            "insert_relays",
            "SELECT r.ord, r.relay_id, r.is_new FROM \(names.insertRelays)($1, $2, $3) AS r (ord, relay_id, is_new)",
            parameters: [.textArray, .textArray, .int8Array], columns: [.int4, .int4, .bool], isIdempotent: true)
    }

    /// Stores relays unless they are known, in calls of at most 1,000.
    /// - Returns: one entry a record, in the order given.
    /// - Throws: `DatabaseError` of kind `encoding` for more than `batch.max_batch_size`.
    public func insertRelays(_ relays: [RelayRecord]) async throws -> [StoredRelay] {
        try checkSize(relays.count, "insert_relays")
        var stored: [StoredRelay] = []
        for start in stride(from: 0, to: relays.count, by: BatchSettings.rowsPerCall) {
            let part = relays[start..<min(start + BatchSettings.rowsPerCall, relays.count)]
            stored += try await insertPart(Array(part))
        }
        return stored
    }

    private func insertPart(_ relays: [RelayRecord]) async throws -> [StoredRelay] {
        let rows = try await pool.fetch(
            calls.insertRelays, .texts(relays.map(\.url.text)), .texts(relays.map(\.url.network.rawValue)),
            .int8s(relays.map(\.insertedAt.seconds)), timeout: settings.timeouts.batch.duration)
        var stored = [StoredRelay?](repeating: nil, count: relays.count)
        for row in rows {
            let (ordinal, relay, isNew) = try row.decode(Int32.self, Int32.self, Bool.self)
            guard stored.indices.contains(Int(ordinal) - 1) else { continue }
            stored[Int(ordinal) - 1] = StoredRelay(relay: RelayID(relay), isNew: isNew)
        }
        let complete = stored.compactMap { $0 }
        guard complete.count == relays.count else { throw DatabaseError(.decoding, step: "insert_relays") }
        return complete
    }

    /// $1 URL, $2 network, $3 inserted, $4 generated, $5 raw NIP-11, $6 its columns, $7 NIP-66, $8 and $9 errors.
    static func insertRelayMetadata(_ names: ProcedureNames) -> NamedStatement {
        NamedStatement(
            "insert_relay_metadata", "SELECT \(names.insertRelayMetadata)($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            parameters: [.text, .text, .int8, .int8, .bytea, .jsonb, .jsonb, .text, .text], columns: [.bool],
            isIdempotent: true)
    }

    /// Stores one check of a relay with its documents.
    /// - Returns: false when this check was stored before.
    @discardableResult
    public func insertRelayMetadata(_ metadata: RelayMetadata) async throws -> Bool {
        let relay = metadata.relay
        let rows = try await pool.fetch(
            calls.insertRelayMetadata, .text(relay.url.text), .text(relay.url.network.rawValue),
            .int8(relay.insertedAt.seconds), .int8(metadata.generatedAt.seconds), .bytea(metadata.nip11Raw),
            .jsonb(metadata.nip11), .jsonb(metadata.nip66), .text(metadata.nip11Error), .text(metadata.nip66Error),
            timeout: settings.timeouts.procedure.duration)
        return try rows.only("insert_relay_metadata").decode(at: 0)
    }

    func checkSize(_ count: Int, _ step: String) throws(DatabaseError) {
        guard count <= settings.batch.maxBatchSize else {
            throw DatabaseError(
                .encoding, step: step, detail: "\(count) rows, batch.max_batch_size is \(settings.batch.maxBatchSize)")
        }
    }
}

extension RowSet {
    /// The row of a call that always gives one.
    func only(_ step: String) throws(DatabaseError) -> Row {
        guard count == 1, let row = first else { throw DatabaseError(.decoding, step: step, wasSent: true) }
        return row
    }
}
