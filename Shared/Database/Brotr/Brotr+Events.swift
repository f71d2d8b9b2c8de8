public import Nostr
import Settings

/// Single events outside any lease, for tools, tests and imports. Synchronizers use `commitPages`.
extension Brotr {
    /// $1 id, $2 author, $3 created, $4 kind, $5 tags, $6 content, $7 signature, $8 relay URL, $9 network,
    /// $10 inserted, $11 seen, $12 tag keys, $13 expires, $14 raw, $15 dialect, $16 address, $17 tombstone keys, $18
    /// their times.
    static func insertEvent(_ names: ProcedureNames) -> NamedStatement {
        let places = (1...18).map { "$\($0)" }.joined(separator: ", ")
        return NamedStatement(
            "insert_event", "SELECT e.event_is_new, e.sighting_is_new FROM \(names.insertEvent)(\(places)) AS e",
            parameters: [
                .bytea, .bytea, .int8, .int4, .jsonb, .text, .bytea, .text, .text, .int8, .int8, .int8Array, .int8,
                .bytea, .int2, .uuid, .byteaArray, .int8Array,
            ],
            columns: [.bool, .bool], isIdempotent: true)
    }

    /// Stores one event as seen on one relay; the relay is created when unknown. A lease on that relay is taken away.
    @discardableResult
    public func insertEvent(
        _ event: Event, relay: RelayRecord, seenAt: UnixTime
    ) async throws -> StoredEvent {
        let rows = try await pool.fetch(
            calls.insertEvent, parameters: Self.parameters(event, relay, seenAt),
            timeout: settings.timeouts.procedure.duration)
        return try Self.stored(rows)
    }

    /// Stores events as seen on one relay, all in one transaction for each 1,000 of them.
    /// - Returns: one entry an event, in the order given.
    /// - Throws: `DatabaseError` of kind `encoding` for more than `batch.max_batch_size`.
    @discardableResult
    public func insertEvents(
        _ events: [Event], relay: RelayRecord, seenAt: UnixTime
    ) async throws -> [StoredEvent] {
        try checkSize(events.count, "insert_event")
        // In order of id, which is the order in which all writers lock.
        let order = events.indices.sorted { events[$0].id < events[$1].id }
        var stored = [StoredEvent](repeating: StoredEvent(isNew: false, isNewSighting: false), count: events.count)
        for start in stride(from: 0, to: order.count, by: BatchSettings.rowsPerCall) {
            let part = order[start..<min(start + BatchSettings.rowsPerCall, order.count)]
            let answers = try await insertPart(part.map { events[$0] }, relay, seenAt)
            for (place, answer) in zip(part, answers) { stored[place] = answer }
        }
        return stored
    }

    private func insertPart(
        _ events: [Event], _ relay: RelayRecord, _ seenAt: UnixTime
    ) async throws -> [StoredEvent] {
        let options = TransactionOptions(retriesConflicts: true, isIdempotent: true)
        return try await pool.withTransaction(options) { connection in
            var answers: [StoredEvent] = []
            for event in events {
                let rows = try await connection.query(
                    calls.insertEvent, Self.parameters(event, relay, seenAt),
                    timeout: settings.timeouts.procedure.duration)
                answers.append(try Self.stored(rows))
            }
            return answers
        }
    }

    private static func stored(_ rows: RowSet) throws -> StoredEvent {
        let (isNew, isNewSighting) = try rows.only("insert_event").decode(Bool.self, Bool.self)
        return StoredEvent(isNew: isNew, isNewSighting: isNewSighting)
    }

    private static func parameters(_ event: Event, _ relay: RelayRecord, _ seenAt: UnixTime) -> SQLParameters {
        var list = SQLParameters()
        list.reserve(bytes: 500 + event.tagsJSON.count + event.content.count)
        list.append(event.id)
        list.append(event.pubkey)
        list.append(event.createdAt.seconds)
        list.append(Int32(event.kind))
        list.append(JSONText(event.tagsJSON))
        list.append(TextBytes(bytes: event.content))
        list.append(event.signature)
        list.append(.text(relay.url.text))
        list.append(.text(relay.url.network.rawValue))
        list.append(relay.insertedAt.seconds)
        list.append(seenAt.seconds)
        if event.tagKeys.isEmpty { list.appendNull([Int64].self) } else { list.appendColumn(event.tagKeys) { $0 } }
        list.append(event.expiresAt?.seconds)
        list.append(event.raw.map(Bytea.init))
        list.append(event.dialect.rawValue)
        list.append(event.address.flatMap { SQLUUID($0.bytes) })
        list.appendColumn(event.tombstones) { Bytea($0.key) }
        list.appendColumn(event.tombstones) { $0.upTo.seconds }
        return list
    }
}

/// What storing one event did.
public struct StoredEvent: Hashable, Sendable {
    /// It was not in the archive.
    public var isNew: Bool
    /// It was not known to be on this relay.
    public var isNewSighting: Bool

    /// Direct form.
    public init(isNew: Bool, isNewSighting: Bool) {
        self.isNew = isNew
        self.isNewSighting = isNewSighting
    }
}
