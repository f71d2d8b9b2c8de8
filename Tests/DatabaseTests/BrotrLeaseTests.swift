import Nostr
import Support
import Testing

@testable import Database

/// Leases of relays and of single-active work; the clock is the database's.
@Suite struct BrotrLeaseTests {
    private let owner = ReplicaID.random()

    private func insert(_ count: Int, _ database: TestDatabase) async throws -> [RelayID] {
        let records = try (1...count).map { try EventSamples.relay($0) }
        return try await database.brotr.insertRelays(records).map(\.relay)
    }

    @Test func `a relay is claimed by one replica only`() async throws {
        try await withTestDatabase { database in
            let relays = try await insert(40, database)
            let brotr = database.brotr
            let claimed = try await withThrowingTaskGroup(of: [RelayID].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let me = ReplicaID.random()
                        var mine: [RelayID] = []
                        while case let more = try await brotr.claimRelays(
                            lane: 0, network: .clearnet, limit: 3, owner: me, ttl: .seconds(60)), !more.isEmpty
                        {
                            mine += more.map(\.relay)
                        }
                        return mine
                    }
                }
                return try await group.reduce([], +)
            }
            #expect(claimed.count == 40)
            #expect(Set(claimed) == Set(relays))
        }
    }

    @Test func `a claim says what is known of the relay`() async throws {
        try await withTestDatabase { database in
            let lease = try await database.brotr.claim(owner: owner)
            #expect(lease.url.text == "wss://relay1.example.com")
            #expect(lease.owner == owner)
            #expect(lease.fence == 1)
            #expect(lease.frontier == nil)
            #expect(!lease.isIgnored)
            #expect(lease.databaseNow > UnixTime(seconds: 1_700_000_000))
        }
    }

    @Test func `other lanes and networks are left alone`() async throws {
        try await withTestDatabase { database in
            _ = try await insert(2, database)
            for (lane, network) in [(1, .clearnet), (0, .tor)] as [(Int16, Network)] {
                let none = try await database.brotr.claimRelays(
                    lane: lane, network: network, limit: 10, owner: owner, ttl: .seconds(60))
                #expect(none.isEmpty)
            }
            let none = try await database.brotr.claimRelays(
                lane: 0, network: .clearnet, limit: 10, owner: owner, ttl: .seconds(60), overdueBy: .seconds(600))
            #expect(none.isEmpty, "due, but not for ten minutes")
            let nothing = try await database.brotr.claimRelays(
                lane: 0, network: .clearnet, limit: 0, owner: owner, ttl: .seconds(60))
            #expect(nothing.isEmpty)
        }
    }

    @Test func `relays that are ignored, of another lane or on their way there are to be let go`() async throws {
        try await withTestDatabase { database in
            let relays = try await insert(4, database)
            let leaving = try await database.brotr.leavingRelays(relays, lane: 0)
            #expect(leaving.isEmpty)
            _ = try await database.brotr.claimRelays(
                lane: 0, network: .clearnet, limit: 4, owner: owner, ttl: .seconds(60))
            try await database.pool.fetch("UPDATE relays SET status = 'ignored' WHERE relay_id = 1")
            try await database.pool.fetch("UPDATE relay_sync SET lane = 1 WHERE relay_id = 2")
            try await database.pool.fetch("UPDATE relay_sync SET lane_next = 1 WHERE relay_id = 3")
            let left = try await database.brotr.leavingRelays(relays, lane: 0)
            #expect(left == [RelayID(1), RelayID(2), RelayID(3)])
            let stays = try await database.brotr.leavingRelays([RelayID(4)], lane: 0)
            #expect(stays.isEmpty)
        }
    }

    @Test func `an ended lease goes to the next with a higher fence, and the first can write no more`() async throws {
        try await withTestDatabase { database in
            let brotr = database.brotr
            let old = try await brotr.claim(owner: owner, ttl: .zero)
            let next = ReplicaID.random()
            let new = try await brotr.claim(owner: next)
            #expect(new.fence == old.fence + 1)
            let answers = try await brotr.commitPages(
                PagesBatch(owner: owner, pages: [RelayPage(relay: old.relay, fence: old.fence)]))
            #expect(answers.map(\.accepted) == [false])
            let renewed = try await brotr.renewLeases([(old.relay, old.fence)], owner: owner, ttl: .seconds(60))
            #expect(renewed.isEmpty)
            let released = try await brotr.releaseRelay(
                RelayRelease(relay: old.relay, fence: old.fence, owner: owner, dueIn: .zero))
            #expect(!released)
        }
    }

    @Test func `renewing tells which leases are still ours`() async throws {
        try await withTestDatabase { database in
            let brotr = database.brotr
            _ = try await insert(5, database)
            let leases = try await brotr.claimRelays(
                lane: 0, network: .clearnet, limit: 5, owner: owner, ttl: .seconds(60))
            var asked = leases.map { ($0.relay, $0.fence) }
            asked[1].1 += 1
            let kept = try await brotr.renewLeases(asked.reversed(), owner: owner, ttl: .seconds(600))
            #expect(kept == Set(leases.map(\.relay)).subtracting([leases[1].relay]))
            let far = try await brotr.number("SELECT count(*) FROM relay_sync WHERE due_at > now() + interval '5 min'")
            #expect(far == 4)
            let none = try await brotr.renewLeases([], owner: owner, ttl: .seconds(1))
            #expect(none.isEmpty)
        }
    }

    @Test func `what is thought of a relay is written by its holder, and stays where a release brings no news`()
        async throws
    {
        try await withTestDatabase { database in
            let brotr = database.brotr
            let lease = try await brotr.claim(owner: owner)
            var stranger = lease
            stranger.fence += 1
            let standing = RelayStanding(relayClass: 3, lastError: "until_ignored")
            #expect(try await !brotr.noteStanding(standing, stranger))
            #expect(try await brotr.noteStanding(standing, lease))
            func release(_ lease: RelayLease, _ relayClass: Int16?, _ error: String?) async throws -> (Int16, String?) {
                #expect(
                    try await brotr.releaseRelay(
                        RelayRelease(
                            relay: lease.relay, fence: lease.fence, owner: owner, dueIn: .zero, relayClass: relayClass,
                            lastError: error)))
                return try await brotr.pool.fetch("SELECT class, last_error FROM relay_sync").only("t")
                    .decode(Int16.self, String?.self)
            }
            #expect(try await release(lease, nil, nil) == (3, "until_ignored"))
            #expect(try await release(brotr.claim(owner: owner), nil, "query_timeout") == (3, "query_timeout"))
            #expect(try await release(brotr.claim(owner: owner), 0, nil) == (0, nil))
        }
    }

    @Test func `a released relay is due when it was said`() async throws {
        try await withTestDatabase { database in
            let brotr = database.brotr
            let lease = try await brotr.claim(owner: owner)
            let released = try await brotr.releaseRelay(
                RelayRelease(
                    relay: lease.relay, fence: lease.fence, owner: owner, dueIn: .seconds(300), relayClass: 5, fails: 3,
                    lastError: String(repeating: "é", count: 600)))
            #expect(released)
            let row = try await brotr.pool.fetch(
                """
                SELECT owner IS NULL, extract(epoch FROM due_at - now())::float8, class, fails, octet_length(last_error)
                  FROM relay_sync
                """
            ).only("t").decode(Bool.self, Double.self, Int16.self, Int32.self, Int32.self)
            #expect(row.0)
            #expect(row.1 > 290 && row.1 <= 300)
            #expect(row.2 == 5)
            #expect(row.3 == 3)
            #expect(row.4 == 512)
            let none = try await brotr.claimRelays(
                lane: 0, network: .clearnet, limit: 9, owner: owner, ttl: .seconds(1))
            #expect(none.isEmpty)
        }
    }

    @Test func `a row whose URL is none is given back for a day, and the others are claimed`() async throws {
        try await withTestDatabase { database in
            let relays = try await insert(2, database)
            try await database.pool.fetch("SELECT insert_relay('no relay', 'clearnet', 1)")
            let lines = LogLines()
            let brotr = Brotr(
                settings: database.brotr.settings, password: database.server.password, logger: lines.logger())
            try await brotr.withRunning {
                let leases = try await brotr.claimRelays(
                    lane: 0, network: .clearnet, limit: 9, owner: owner, ttl: .seconds(60))
                #expect(leases.map(\.relay) == relays)
            }
            #expect(lines.messages.count { $0 == "relay_url_refused" } == 1)
            #expect(!lines.all.contains { $0.contains("no relay") })
            let row = try await database.pool.fetch(
                """
                SELECT owner IS NULL, extract(epoch FROM due_at - now())::float8, fails, last_error, fence
                  FROM relay_sync WHERE last_error IS NOT NULL
                """
            ).only("t").decode(Bool.self, Double.self, Int32.self, String.self, Int64.self)
            #expect(row.0)
            #expect(row.1 > 86_300 && row.1 <= 86_400)
            #expect(row.2 == 1 && row.3 == "bad_url" && row.4 == 1)
        }
    }

    @Test func `a claim whose answer cannot be read is an error and no empty claim`() async throws {
        try await withTestDatabase { database in
            _ = try await insert(1, database)
            // A column of the answer that must not be NULL.
            try await database.pool.fetch("ALTER TABLE relay_sync ALTER COLUMN deficit_bytes DROP NOT NULL")
            try await database.pool.fetch("UPDATE relay_sync SET deficit_bytes = NULL")
            let error = await #expect(throws: DatabaseError.self) {
                try await database.brotr.claimRelays(
                    lane: 0, network: .clearnet, limit: 9, owner: owner, ttl: .seconds(60))
            }
            #expect(error?.kind == .decoding)
        }
    }

    @Test func `a relay that the operator ignores says so`() async throws {
        try await withTestDatabase { database in
            _ = try await insert(1, database)
            try await database.pool.fetch("UPDATE relays SET status = 'ignored'")
            let leases = try await database.brotr.claimRelays(
                lane: 0, network: .clearnet, limit: 9, owner: owner, ttl: .seconds(60))
            #expect(leases.map(\.isIgnored) == [true])
        }
    }

    @Test func `single-active work has one holder`() async throws {
        try await withTestDatabase { database in
            let brotr = database.brotr
            let other = ReplicaID.random()
            let fence = try #require(try await brotr.claimServiceLease("finder", owner: owner, ttl: .seconds(60)))
            let taken = try await brotr.claimServiceLease("finder", owner: other, ttl: .seconds(60))
            #expect(taken == nil)
            let own = try await brotr.renewServiceLease("finder", owner: owner, fence: fence, ttl: .zero)
            #expect(own)
            let next = try await brotr.claimServiceLease("finder", owner: other, ttl: .seconds(60))
            #expect(next == fence + 1)
            let late = try await brotr.renewServiceLease("finder", owner: owner, fence: fence, ttl: .seconds(60))
            #expect(!late)
            let released = try await brotr.releaseServiceLease("finder", owner: other, fence: fence + 1)
            #expect(released)
            let again = try await brotr.claimServiceLease("finder", owner: owner, ttl: .seconds(60))
            #expect(again == fence + 2)
        }
    }
}
