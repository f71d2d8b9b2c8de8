import Database
import Nostr
import Settings

/// The SQL of publishing: what waits for whom, and what became of it.
struct PublishStore: Sendable {
    let brotr: Brotr
    let owner: ReplicaID

    /// Every statement, for the test that prepares them.
    static let statements = [
        queueEvent, claimPublishing, readDeliveries, settlePublishing, trimPublishing, publishTargets,
    ]

    /// $1 the event.
    static let queueEvent = NamedStatement(
        "queue_event", "SELECT queue_event($1, NULL, NULL)", parameters: [.jsonb], columns: [.bool])

    /// Queues an event about the Monitor itself, unless the last one says the same and is fresh.
    func queue(_ event: QueuedEvent) async throws -> Bool {
        let rows = try await brotr.pool.fetch(
            Self.queueEvent, .jsonb(event.json), timeout: brotr.settings.timeouts.query.duration)
        return try rows.first?.decode(Bool.self, at: 0) ?? false
    }

    /// $1 targets, $2 limit, $3 owner, $4 seconds of the lease, $5 most bits of work.
    static let claimPublishing = NamedStatement(
        "claim_publishing",
        "SELECT c.url, c.fence, c.fails, c.database_now FROM claim_publishing($1, $2, $3, $4, $5) AS c",
        parameters: [.textArray, .int4, .uuid, .float8, .int2], columns: [.text, .int8, .int4, .int8])

    /// Claims at most `limit` of these relays that something waits for.
    func claim(
        _ targets: [RelayURL], limit: Int, ttl: Duration, mostBits: Int, time: DatabaseClock
    ) async throws -> [PublishLease] {
        let rows = try await brotr.pool.fetch(
            Self.claimPublishing, .texts(targets.map(\.text)), .int4(Int32(clamping: limit)), .uuid(owner.uuid),
            .seconds(ttl), .int2(Int16(clamping: mostBits)), timeout: brotr.settings.timeouts.query.duration)
        return try rows.compactMap { row in
            let (url, fence, fails, now) = try row.decode(String.self, Int64.self, Int32.self, Int64.self)
            time.note(now)
            return targets.first { $0.text == url }.map { PublishLease(url: $0, fence: fence, fails: fails) }
        }
    }

    /// $1 target, $2 tries and $3 id of the last one read, $4 limit.
    static let readDeliveries = NamedStatement(
        "read_deliveries",
        """
        SELECT w.id, w.tries, w.skipped, q.kind, q.created_at, q.pow, q.tags, q.content
          FROM (SELECT w.id, w.tries, w.skipped FROM publish_waiting w
                 WHERE w.target = $1 AND (w.tries, w.id) > ($2, $3) ORDER BY w.tries, w.id LIMIT $4) AS w,
               LATERAL (SELECT q.kind, q.created_at, q.pow, q.tags, q.content FROM publish_queue q
                         WHERE q.id = w.id OFFSET 0) AS q
         ORDER BY w.tries, w.id
        """,
        parameters: [.text, .int2, .int8, .int8], columns: [.int8, .int2, .int4, .int4, .int8, .int2, .jsonb, .text],
        isIdempotent: true)

    /// What waits for a relay, behind a place: those that it left unanswered come last.
    func deliveries(for target: RelayURL, after place: (tries: Int16, id: Int64), limit: Int) async throws -> [Delivery]
    {
        let rows = try await brotr.pool.fetch(
            Self.readDeliveries, .text(target.text), .int2(place.tries), .int8(place.id), .int8(Int64(limit)),
            timeout: brotr.settings.timeouts.query.duration)
        return try rows.map { row in
            let tags = JSONValue(json: try row.decode(JSONText.self, at: 6).bytes)?.elements ?? []
            let event = UnsignedEvent(
                createdAt: UnixTime(seconds: try row.decode(at: 4)),
                kind: UInt16(clamping: try row.decode(Int32.self, at: 3)),
                tags: tags.map { $0.elements.compactMap(\.text) }, content: try row.decode(at: 7))
            return Delivery(
                id: try row.decode(at: 0), event: event, bits: try row.decode(at: 5), skipped: try row.decode(at: 2),
                tries: try row.decode(at: 1))
        }
    }

    /// $1 owner, $2 target, $3 fence, $4 done, $5 late, $6 accepted, $7 refused, $8 work asked for or NULL, $9 fails,
    /// $10 error or NULL, $11 message or NULL, $12 seconds, $13 whether the lease ends.
    static let settlePublishing = NamedStatement(
        "settle_publishing", "SELECT settle_publishing($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        parameters: [
            .uuid, .text, .int8, .int8Array, .int8Array, .int4, .int4, .int2, .int4, .text, .text, .float8, .bool,
        ],
        columns: [.bool])

    /// Stores what a relay answered.
    /// - Returns: false when the lease was lost; then nothing was stored.
    func settle(_ what: PublishLedger.Settlement, under lease: PublishLease) async throws -> Bool {
        let rows = try await brotr.pool.fetch(
            Self.settlePublishing, .uuid(owner.uuid), .text(lease.url.text), .int8(lease.fence),
            .int8s(what.done.sorted()), .int8s(what.late.sorted()), .int4(what.accepted), .int4(what.refused),
            .int2(what.pow), .int4(what.fails), .text(what.error), .text(what.message.map(Self.storable)),
            .seconds(what.wait), .bool(what.ends), timeout: brotr.settings.timeouts.query.duration)
        return try rows.first?.decode(Bool.self, at: 0) ?? false
    }

    /// $1 seconds, $2 tries, $3 deliveries.
    static let trimPublishing = NamedStatement(
        "trim_publishing", "SELECT t.expired, t.unanswered, t.overflow FROM trim_publishing($1, $2, $3) AS t",
        parameters: [.float8, .int4, .int8], columns: [.int8, .int8, .int8], isIdempotent: true)

    /// Gives up what nobody should wait for any more.
    /// - Returns: how many deliveries, by reason.
    func trim(age: Duration, tries: Int, most: Int) async throws -> [(reason: String, count: Int)] {
        let rows = try await brotr.pool.fetch(
            Self.trimPublishing, .seconds(age), .int4(Int32(clamping: tries)), .int8(Int64(most)),
            timeout: brotr.settings.timeouts.procedure.duration)
        guard let row = rows.first else { return [] }
        let (expired, unanswered, overflow) = try row.decode(Int64.self, Int64.self, Int64.self)
        return [("expired", expired), ("unanswered", unanswered), ("overflow", overflow)].map { ($0, Int($1)) }
    }

    /// $1 URLs.
    static let publishTargets = NamedStatement(
        "publish_targets",
        """
        SELECT t.url, (SELECT count(*) FROM publish_waiting w WHERE w.target = t.url), t.accepted, t.refused, t.fails,
               t.last_error
          FROM publish_targets t WHERE t.url = ANY ($1) ORDER BY t.url
        """,
        parameters: [.textArray], columns: [.text, .int8, .int8, .int8, .int4, .text], isIdempotent: true)

    /// How each relay stands that is published to. Costs as much as there waits.
    func targets(_ urls: [RelayURL]) async throws -> [MonitorState.Target] {
        let rows = try await brotr.pool.fetch(
            Self.publishTargets, .texts(urls.map(\.text)), timeout: brotr.settings.timeouts.query.duration)
        return try rows.map { row in
            MonitorState.Target(
                relay: try row.decode(at: 0), waiting: try row.decode(at: 1), accepted: try row.decode(at: 2),
                refused: try row.decode(at: 3), fails: try row.decode(at: 4), lastError: try row.decode(at: 5))
        }
    }

    /// PostgreSQL's text holds no NUL.
    private static func storable(_ message: String) -> String {
        String(message.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : Character($0) })
    }
}
