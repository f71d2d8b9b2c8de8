import Crypto
import Database
import Glibc
import Logging
import Nostr
import ServiceKit
import Settings
import Support
import Testing

@testable import PrioritySynchronizer

/// The list on a real database, round by round.
@Suite struct PriorityListKeeperTests {
    private let lines = LogLines()

    private func keeper(
        _ brotr: Brotr, file: String? = nil, urls: [String] = [], authors: [String] = []
    ) -> PriorityListKeeper {
        var list = PriorityList()
        (list.path, list.urls, list.pubkeys, list.refresh) = (file, urls, authors, 0.1)
        let logger = lines.logger(service: PrioritySynchronizerService.serviceName)
        return PriorityListKeeper(ServiceContext(brotr: brotr, logger: logger), list)
    }

    /// One more round.
    private func round(_ keeper: PriorityListKeeper) async throws -> Step {
        await keeper.refreshNow()
        return try #require(await keeper.step)
    }

    private func lanes(_ database: TestDatabase) async throws -> [String: Int16] {
        let rows = try await database.pool.fetch(
            "SELECT r.relay_url, s.lane FROM relay_sync s JOIN relays r USING (relay_id)")
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode(String.self, Int16.self) })
    }

    private func add(_ urls: [String], _ database: TestDatabase) async throws -> [RelayID] {
        let list = RelayRecord.build(urls: urls, at: UnixTime(seconds: 1_700_000_000))
        return try await database.brotr.insertRelays(list.records).map(\.relay)
    }

    private func claim(
        _ lane: Int16, _ owner: ReplicaID, _ database: TestDatabase, ttl: Duration = .seconds(60)
    ) async throws -> [RelayLease] {
        try await database.brotr.claimRelays(lane: lane, network: .clearnet, limit: 100, owner: owner, ttl: ttl)
    }

    @Test func `listed relays are stored and moved, others go back`() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("wss://a.example\nwss://new.example\n", to: "list.txt")
        try await withTestDatabase { database in
            _ = try await add(["wss://a.example", "wss://b.example"], database)
            let keeper = keeper(database.brotr, file: path, urls: ["wss://c.example"])
            #expect(try await round(keeper).success)
            #expect(
                try await lanes(database) == [
                    "wss://a.example": 1, "wss://b.example": 0, "wss://c.example": 1, "wss://new.example": 1,
                ])
            try folder.write("wss://b.example\n", to: "list.txt")
            let step = try await round(keeper)
            #expect(step.success && step.details["moved"] == .count(3))
            #expect(
                try await lanes(database) == [
                    "wss://a.example": 0, "wss://b.example": 1, "wss://c.example": 1, "wss://new.example": 0,
                ])
            #expect(try await round(keeper).details["moved"] == .count(0), "nothing is written without need")
        }
    }

    @Test func `a held relay changes its lane when it is given back, and not before`() async throws {
        try await withTestDatabase { database in
            _ = try await add(["wss://a.example"], database)
            let owner = ReplicaID.random()
            let lease = try #require(try await claim(0, owner, database).first)
            let keeper = keeper(database.brotr, urls: ["wss://a.example"])
            let step = try await round(keeper)
            #expect(step.details["moved"] == .count(0) && step.details["marked"] == .count(1))
            #expect(try await round(keeper).details["marked"] == .count(0), "it is marked once")
            #expect(try await lanes(database) == ["wss://a.example": 0])
            let kept = try await database.brotr.renewLeases(
                [(lease.relay, lease.fence)], owner: owner, ttl: .seconds(60))
            #expect(kept == [lease.relay], "its holder keeps it")
            #expect(try await claim(1, .random(), database).isEmpty)

            let release = RelayRelease(relay: lease.relay, fence: lease.fence, owner: owner, dueIn: .zero, fails: 0)
            #expect(try await database.brotr.releaseRelay(release))
            #expect(try await lanes(database) == ["wss://a.example": 1])
            #expect(try await claim(0, .random(), database).isEmpty, "the old lane gets it no more")
            #expect(try await claim(1, .random(), database).count == 1)
        }
    }

    @Test func `a mark is taken back with the list`() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("wss://a.example", to: "list.txt")
        try await withTestDatabase { database in
            let keeper = keeper(database.brotr, file: path)
            #expect(try await round(keeper).success)
            let owner = ReplicaID.random()
            let lease = try #require(try await claim(1, owner, database).first)
            try folder.write("", to: "list.txt")
            #expect(try await round(keeper).details["marked"] == .count(1))
            try folder.write("wss://a.example", to: "list.txt")
            #expect(try await round(keeper).success)
            let release = RelayRelease(relay: lease.relay, fence: lease.fence, owner: owner, dueIn: .zero, fails: 0)
            #expect(try await database.brotr.releaseRelay(release))
            #expect(try await lanes(database) == ["wss://a.example": 1])
        }
    }

    @Test func `a relay whose lease is over is taken from its holder by the fence`() async throws {
        try await withTestDatabase { database in
            _ = try await add(["wss://a.example"], database)
            let owner = ReplicaID.random()
            let lease = try #require(try await claim(0, owner, database, ttl: .zero).first)
            #expect(try await round(keeper(database.brotr, urls: ["wss://a.example"])).details["moved"] == .count(1))
            #expect(try await lanes(database) == ["wss://a.example": 1])
            let kept = try await database.brotr.renewLeases(
                [(lease.relay, lease.fence)], owner: owner, ttl: .seconds(60))
            #expect(kept.isEmpty, "its former holder may not come back")
        }
    }

    @Test func `moves beside claims leave every relay in one hand`() async throws {
        try await withTestDatabase { database in
            let all = (1...60).map { "wss://r\($0).example" }
            let relays = try await add(all, database)
            let (brotr, folder) = (database.brotr, try TemporaryFolder())
            let path = try folder.write("", to: "list.txt")
            let keeper = keeper(brotr, file: path)
            let claimed = try await withThrowingTaskGroup(of: [RelayID].self) { group in
                for lane in [Int16(0), 1] {
                    group.addTask {
                        var mine: [RelayID] = []
                        for _ in 0..<40 {
                            mine += try await brotr.claimRelays(
                                lane: lane, network: .clearnet, limit: 1, owner: .random(), ttl: .seconds(600)
                            ).map(\.relay)
                        }
                        return mine
                    }
                }
                for number in 0..<10 {
                    let text = number.isMultiple(of: 2) ? all.joined(separator: "\n") : ""
                    try folder.write(text, to: "list.txt")
                    await keeper.refreshNow()
                }
                return try await group.reduce([], +)
            }
            #expect(Set(claimed).count == claimed.count, "a relay was claimed twice")
            #expect(!claimed.isEmpty && Set(claimed).isSubset(of: relays))
            let held = try await database.pool.fetch(
                "SELECT count(*), sum(fence)::bigint FROM relay_sync WHERE owner IS NOT NULL")
            let (count, fences) = try #require(held.first).decode(Int64.self, Int64.self)
            #expect(count == claimed.count && fences == count, "a relay was taken out of a hand")
        }
    }

    @Test func `a list that cannot be read keeps the lane as it is, and is an error of the step`() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("wss://a.example\n", to: "list.txt")
        try await withTestDatabase { database in
            let first = keeper(database.brotr, file: path)
            #expect(try await round(first).success)
            try #require(unlink(path) == 0)
            for _ in 0..<3 {
                let step = try await round(first)
                #expect(!step.success && step.message.contains(path))
            }
            #expect(lines.messages.filter { $0 == "priority_list_failed" }.count == 1, "it is logged once")
            #expect(try await lanes(database) == ["wss://a.example": 1])
            await first.giveBack()

            // A replica that never saw the file knows nothing of what it lists.
            let second = keeper(database.brotr, file: path, urls: ["wss://b.example"])
            let step = try await round(second)
            #expect(!step.success)
            #expect(try await lanes(database) == ["wss://a.example": 1, "wss://b.example": 1])
        }
    }

    @Test func `bad lines are named once for each content and stop nothing`() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("wss://a.example\nhttp://b.example\nws://127.0.0.1\n", to: "list.txt")
        try await withTestDatabase { database in
            let keeper = keeper(database.brotr, file: path)
            for _ in 0..<2 { #expect(try await round(keeper).success) }
            #expect(try await lanes(database) == ["wss://a.example": 1])
            let said = lines.all.filter { $0.contains("priority_lines_rejected") }
            #expect(said.count == 1)
            #expect(said.first?.contains("line 2: bad_scheme") == true)
            #expect(said.first?.contains("line 3: local_address") == true)
            #expect(said.first?.contains(path.split(separator: "/").last ?? "?") == true)
            try folder.write("http://b.example\n", to: "list.txt")
            #expect(try await round(keeper).success)
            #expect(lines.messages.filter { $0 == "priority_lines_rejected" }.count == 2)
        }
    }

    @Test func `one replica keeps the list, and another follows it`() async throws {
        try await withTestDatabase { database in
            let (one, other) = (
                keeper(database.brotr, urls: ["wss://a.example"]), keeper(database.brotr, urls: ["wss://b.example"])
            )
            let steps = [try await round(one), try await round(other)]
            #expect(steps.map(\.success) == [true, true])
            #expect(try await lanes(database) == ["wss://a.example": 1])
            await one.giveBack()
            #expect(try await round(other).success)
            #expect(try await lanes(database) == ["wss://a.example": 0, "wss://b.example": 1])
        }
    }

    @Test func `authors' newest relay lists count, by the relays they write to`() async throws {
        let (author, deleter) = (SecretKey.random(), SecretKey.random())
        func list(_ key: SecretKey, _ second: Int64, _ tags: [[String]]) -> Event {
            UnsignedEvent(createdAt: UnixTime(seconds: second), kind: 10_002, tags: tags, content: "").sign(with: key)
        }
        try await withTestDatabase { database in
            let relay = RelayRecord(
                url: try RelayURL.parse("wss://source.example"), insertedAt: UnixTime(seconds: 1_700_000_000))
            let old = list(author, 1_700_000_000, [["r", "wss://old.example"]])
            let new = list(
                author, 1_700_000_100,
                [
                    ["r", "wss://both.example"], ["r", "wss://write.example", "write"],
                    ["r", "wss://read.example", "read"], ["r"], ["p", "wss://p.example"],
                ])
            let gone = list(deleter, 1_700_000_000, [["r", "wss://gone.example"]])
            let deletion = UnsignedEvent(
                createdAt: UnixTime(seconds: 1_700_000_200), kind: 5, tags: [["e", gone.id.hex]], content: ""
            ).sign(with: deleter)
            try await database.brotr.insertEvents([old, new, gone, deletion], relay: relay, seenAt: relay.insertedAt)
            let keys = [author, deleter, SecretKey.random()].map(\.publicKey.hex)
            #expect(try await round(keeper(database.brotr, authors: keys)).success)
            let listed = try await lanes(database).filter { $0.value == 1 }.keys.sorted()
            #expect(listed == ["wss://both.example", "wss://write.example"])
        }
    }
}
