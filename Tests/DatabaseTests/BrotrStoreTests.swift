import Crypto
import Nostr
import Settings
import Support
import Testing

@testable import Database

/// Relays, checks, single events, state and clean-ups.
@Suite struct BrotrStoreTests {
    @Test func `a relay is stored once and keeps its number`() async throws {
        try await withTestDatabase { database in
            let record = try EventSamples.relay()
            let first = try await database.brotr.insertRelay(record)
            let second = try await database.brotr.insertRelay(record)
            #expect(first == second)
            let list = try await database.brotr.insertRelays([try EventSamples.relay(2), record])
            #expect(list.map(\.isNew) == [true, false])
            #expect(list.last?.relay == first)
        }
    }

    @Test func `of relays that somebody else stores at the same moment none is new`() async throws {
        let record = try EventSamples.relay()
        try await withTestDatabase { database in
            let other = try await database.pool.withTransaction { connection in
                try await connection.query(
                    "SELECT insert_relay($1, $2, $3)", .text(record.url.text), .text(record.url.network.rawValue),
                    .int8(record.insertedAt.seconds))
                // It can end only behind this transaction.
                let other = Task { try await database.brotr.insertRelays([record]) }
                try await eventually("the other one waits for the row") {
                    try await database.brotr.number(Self.waiting) > 0
                }
                return other
            }
            let stored = try await other.value
            #expect(stored.map(\.isNew) == [false])
        }
    }

    private static let waiting = """
        SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
        """

    @Test func `more relays than one call takes are stored in several`() async throws {
        try await withTestDatabase { database in
            let records = try (1...2100).map { try EventSamples.relay($0) }
            let stored = try await database.brotr.insertRelays(records.reversed())
            #expect(stored.count == 2100)
            #expect(!stored.contains { !$0.isNew })
            #expect(Set(stored.map(\.relay)).count == 2100)
        }
    }

    @Test func `more rows than the ceiling are refused before anything is sent`() async throws {
        try await withTestDatabase {
            $0.batch.maxBatchSize = 2
        } _: { database in
            let records = try (1...3).map { try EventSamples.relay($0) }
            let error = await #expect(throws: DatabaseError.self) { try await database.brotr.insertRelays(records) }
            #expect(error?.kind == .encoding)
            let count = try await database.brotr.number("SELECT count(*) FROM relays")
            #expect(count == 0)
        }
    }

    @Test func `single events say whether they are new`() async throws {
        var samples = EventSamples(seed: 21)
        let events = try samples.next(30)
        let now = UnixTime(seconds: 1_700_000_999)
        try await withTestDatabase { database in
            let brotr = database.brotr
            let first = try await brotr.insertEvent(events[0], relay: EventSamples.relay(1), seenAt: now)
            #expect(first == StoredEvent(isNew: true, isNewSighting: true))
            let again = try await brotr.insertEvent(events[0], relay: EventSamples.relay(1), seenAt: now)
            #expect(again == StoredEvent(isNew: false, isNewSighting: false))
            let elsewhere = try await brotr.insertEvent(events[0], relay: EventSamples.relay(2), seenAt: now)
            #expect(elsewhere == StoredEvent(isNew: false, isNewSighting: true))
            let all = try await brotr.insertEvents(events, relay: EventSamples.relay(1), seenAt: now)
            #expect(all.map(\.isNew) == [false] + [Bool](repeating: true, count: 29))
            let keys = try await brotr.number("SELECT count(*) FROM events WHERE tag_keys IS NOT NULL")
            #expect(keys == events.filter { !$0.tagKeys.isEmpty }.count)
        }
    }

    @Test func `an event with NUL keeps what it was`() async throws {
        let json = #"{"id":"%","pubkey":"%"}"#
        #expect(!json.isEmpty)
        let key = SecretKey.random()
        let event = UnsignedEvent(createdAt: UnixTime(seconds: 5), kind: 1, tags: [["t", "a\0b"]], content: "x\0y")
            .sign(with: key)
        let raw = try #require(event.raw)
        try await withTestDatabase { database in
            _ = try await database.brotr.insertEvent(event, relay: EventSamples.relay(), seenAt: UnixTime(seconds: 6))
            let row = try await database.pool.fetch("SELECT raw, content FROM events").only("t").decode(
                Bytea.self, String.self)
            #expect(row.0.bytes == raw)
            #expect(row.1 == "x\u{FFFD}y")
        }
    }

    @Test func `checks share their documents`() async throws {
        try await withTestDatabase { database in
            let brotr = database.brotr
            var check = RelayMetadata(relay: try EventSamples.relay(), generatedAt: UnixTime(seconds: 10))
            check.nip11Raw = Array(#"{"name":"a","supported_nips":[1,11]}"#.utf8)
            check.nip11 = check.nip11Raw
            check.nip66 = Array(#"{"openable":true,"rtt_open":12}"#.utf8)
            #expect(try await brotr.insertRelayMetadata(check))
            #expect(try await !brotr.insertRelayMetadata(check), "the same check again")
            check.generatedAt = UnixTime(seconds: 20)
            #expect(try await brotr.insertRelayMetadata(check))
            var failed = RelayMetadata(relay: check.relay, generatedAt: UnixTime(seconds: 30))
            failed.nip11Error = "timeout"
            #expect(try await brotr.insertRelayMetadata(failed))
            #expect(try await brotr.number("SELECT count(*) FROM relay_metadata") == 3)
            #expect(try await brotr.number("SELECT count(*) FROM nip11") == 1)
            #expect(try await brotr.number("SELECT count(*) FROM nip66 WHERE rtt_open = 12") == 1)
        }
    }

    @Test func `clean-ups delete orphans in bounded steps`() async throws {
        var samples = EventSamples(seed: 22)
        let events = try samples.next(25)
        try await withTestDatabase { database in
            let brotr = database.brotr
            _ = try await brotr.insertEvents(events, relay: EventSamples.relay(), seenAt: UnixTime(seconds: 1))
            try await database.pool.fetch(
                "DELETE FROM events_relays WHERE event IN (SELECT id FROM events ORDER BY id LIMIT 12)")
            let part = try await brotr.deleteOrphanEvents(rowsPerCall: 5, maxCalls: 2)
            #expect(part == OrphanCleanUp(deleted: 10, calls: 2, isRoundDone: false))
            let rest = try await brotr.deleteOrphanEvents(rowsPerCall: 5)
            #expect(rest.deleted == 2)
            #expect(rest.isRoundDone)
            #expect(try await brotr.number("SELECT count(*) FROM events") == 13)

            var check = RelayMetadata(relay: try EventSamples.relay(), generatedAt: UnixTime(seconds: 10))
            check.nip11Raw = Array("{}".utf8)
            check.nip66 = Array(#"{"openable":true}"#.utf8)
            _ = try await brotr.insertRelayMetadata(check)
            #expect(try await brotr.deleteOrphanNip11().deleted == 0)
            #expect(try await brotr.deleteOrphanNip66().deleted == 0)
            try await database.pool.fetch("DELETE FROM relay_metadata")
            #expect(try await brotr.deleteOrphanNip11().deleted == 1)
            #expect(try await brotr.deleteOrphanNip66().deleted == 1)
        }
    }

    @Test func `the state of a service is what was saved last`() async throws {
        try await withTestDatabase { database in
            let brotr = database.brotr
            let none = try await brotr.loadServiceState(name: "finder")
            #expect(none == nil)
            try await brotr.saveServiceState(name: "finder", json: Array(#"{"a": 1}"#.utf8))
            try await brotr.saveServiceState(name: "finder", json: Array(#"{"a": 2}"#.utf8))
            let state = try #require(try await brotr.loadServiceState(name: "finder", timeout: .seconds(5)))
            #expect(String(decoding: state.json, as: UTF8.self) == #"{"a": 2}"#)
            #expect(state.updatedAt > UnixTime(seconds: 1_700_000_000))
            let error = await #expect(throws: DatabaseError.self) {
                try await brotr.saveServiceState(name: "finder", json: Array("{".utf8))
            }
            #expect(error?.kind == .dataError)
        }
    }

    @Test func `replicas add to the counts that they share`() async throws {
        try await withTestDatabase { database in
            let brotr = database.brotr
            try await brotr.addToServiceState(name: "synchronizer", ["cycles": 1, "events_new": 7])
            try await database.pool.execute(
                "UPDATE service_state SET state = state || '{\"note\": \"kept\", \"cycles\": \"many\"}'")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        try await brotr.addToServiceState(name: "synchronizer", ["cycles": 1, "events_new": 2])
                    }
                }
                try await group.waitForAll()
            }
            let row = try await database.pool.fetch(
                """
                SELECT state ->> 'events_new', state ->> 'cycles', state ->> 'note', state ->> 'last_run_at'
                  FROM service_state WHERE service_name = 'synchronizer'
                """
            ).first
            let (events, cycles, note, ranAt) = try #require(row).decode(
                String.self, String.self, String.self, String.self)
            #expect(events == "27" && cycles == "10" && note == "kept")
            #expect(try #require(Int64(ranAt)) > 1_700_000_000)
        }
    }

    @Test func `replicas show that they live and leave`() async throws {
        try await withTestDatabase { database in
            let brotr = database.brotr
            let replica = ServiceReplica(id: .random(), service: "synchronizer", build: "1.0")
            try await brotr.heartbeat(replica)
            let first = try await brotr.shareWork(lane: 0, replica: replica.id, slots: 100, wantsWork: true)
            #expect(first == WorkShare(replicas: 1, wanting: 0, held: 0), "its own want is no other's")
            try await brotr.heartbeat(replica)
            #expect(
                try await brotr.number("SELECT count(*) FROM service_replicas WHERE steal_wanted AND slots = 100") == 1)
            try await brotr.removeReplica(replica.id, service: "synchronizer")
            #expect(try await brotr.number("SELECT count(*) FROM service_replicas") == 0)
        }
    }

    @Test func `a replica without work is seen by those that hold some, while it lives`() async throws {
        try await withTestDatabase { database in
            let brotr = database.brotr
            let (holder, idle, other) = (ReplicaID.random(), ReplicaID.random(), ReplicaID.random())
            for id in [holder, idle, other] {
                try await brotr.heartbeat(ServiceReplica(id: id, service: "synchronizer"))
            }
            _ = try await brotr.insertRelay(EventSamples.relay(1))
            _ = try await brotr.claimRelays(
                lane: 0, network: .clearnet, limit: 9, owner: holder, ttl: .seconds(60))
            _ = try await brotr.shareWork(lane: 0, replica: idle, slots: 5, wantsWork: true)
            _ = try await brotr.shareWork(lane: 1, replica: other, slots: 5, wantsWork: true)
            let share = try await brotr.shareWork(lane: 0, replica: holder, slots: 5, wantsWork: false)
            #expect(share == WorkShare(replicas: 2, wanting: 1, held: 1))
            try await brotr.pool.fetch("UPDATE service_replicas SET heartbeat_at = now() - interval '2 minutes'")
            let later = try await brotr.shareWork(lane: 0, replica: holder, slots: 5, wantsWork: false)
            #expect(later == WorkShare(replicas: 1, wanting: 0, held: 0))
        }
    }

    @Test func `old states of replicas are deleted, and nothing else`() async throws {
        try await withTestDatabase { database in
            let brotr = database.brotr
            let names = ["a_b", "a_b:old", "a_b:mine", "a_b:young", "a_b2:old", "axb:old", "a_b:"]
            for name in names { try await brotr.saveServiceState(name: name, json: Array("{}".utf8)) }
            try await brotr.pool.fetch(
                "UPDATE service_state SET updated_at = updated_at - 86401 WHERE service_name <> 'a_b:young'")
            let deleted = try await brotr.deleteOldStates(service: "a_b", keeping: "a_b:mine")
            #expect(deleted == 2)
            let left = try await brotr.pool.fetch("SELECT service_name FROM service_state").map {
                try $0.decode(String.self, at: 0)
            }
            #expect(Set(left) == ["a_b", "a_b:mine", "a_b:young", "a_b2:old", "axb:old"])
        }
    }
}
