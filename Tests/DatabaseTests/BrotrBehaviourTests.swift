import Nostr
import Support
import Testing

@testable import Database

/// What is read of `relay_sync.behaviour`, whatever stands there.
@Suite struct BrotrBehaviourTests {
    private let owner = ReplicaID.random()

    /// What is read of a relay whose behaviour is this, and what is logged.
    private func read(_ json: String, _ database: TestDatabase) async throws -> (RelayBehaviour, [String]) {
        let lease = try await database.brotr.claim(owner: owner)
        try await database.pool.fetch(
            "UPDATE relay_sync SET behaviour = $2::jsonb WHERE relay_id = $1", .int4(lease.relay.value), .text(json))
        let lines = LogLines()
        let brotr = Brotr(
            settings: database.brotr.settings, password: database.server.password, logger: lines.logger())
        let behaviour = try await brotr.withRunning { try await brotr.relayBehaviour(lease.relay) }
        return (behaviour, lines.all.filter { $0.contains("relay_behaviour_unreadable") })
    }

    @Test func `what was written is read`() async throws {
        var written = RelayBehaviour()
        (written.contradictions, written.shortAnswers) = (3, 0)
        (written.order, written.filter, written.rescans) = ("unordered", "", "0:2,1:0")
        written.reading = "2:50:1:0"
        (written.since, written.until, written.hints) = (true, false, true)
        (written.count, written.negentropy, written.auth) = (false, true, false)
        (written.calibratedAt, written.span) = (1_700_000_000, 9_000_000_000)
        try await withTestDatabase { database in
            let (behaviour, logged) = try await read(String(decoding: written.json.bytes, as: UTF8.self), database)
            #expect(behaviour == written && logged.isEmpty)
        }
    }

    @Test(
        arguments: [
            (#"{"contradictions": 1.5, "short_answers": 2, "negentropy": true}"#, "contradictions"),
            (#"{"short_answers": 2, "negentropy": true, "span": 1e30}"#, "span"),
            (#"{"short_answers": 2, "negentropy": true, "calibrated_at": -9223372036854775808}"#, "calibrated_at"),
            (#"{"short_answers": 2, "negentropy": true, "count": "perhaps", "auth": 7}"#, "count auth"),
            (#"{"short_answers": 2, "negentropy": true, "contradictions": [1], "hints": {}}"#, "contradictions hints"),
        ])
    func `a value that is none counts as not seen, and the others are read`(json: String, keys: String) async throws {
        var expected = RelayBehaviour()
        (expected.shortAnswers, expected.negentropy) = (2, true)
        try await withTestDatabase { database in
            let (behaviour, logged) = try await read(json, database)
            #expect(behaviour == expected)
            #expect(logged.count == 1 && logged[0].contains("\"\(keys)\""))
        }
    }

    @Test(arguments: ["[]", "7", #""text""#, "null"])
    func `what is no object says nothing`(json: String) async throws {
        try await withTestDatabase { database in
            let (behaviour, logged) = try await read(json, database)
            #expect(behaviour == RelayBehaviour() && logged.isEmpty)
        }
    }
}
