import Crypto
import Nostr
import Settings
import Testing

@testable import Database

/// Settings and small values, without a server.
@Suite struct BrotrValueTests {
    @Test func `the defaults are the documented ones`() {
        let settings = BrotrSettings()
        #expect(settings.pool.database.host == "localhost")
        #expect(settings.pool.database.port == 5432)
        #expect(settings.pool.database.database == "brotr")
        #expect(settings.pool.database.user == "admin")
        #expect(settings.pool.limits == PoolLimits())
        #expect(settings.pool.limits.minSize == 5)
        #expect(settings.pool.limits.maxSize == 20)
        #expect(settings.pool.limits.maxQueries == 50_000)
        #expect(settings.pool.limits.maxInactiveConnectionLifetime == 300)
        #expect(settings.pool.timeouts.acquisition == 10)
        #expect(settings.pool.timeouts.healthCheck == 5)
        #expect(settings.pool.retry == RetrySettings(maxAttempts: 3, initialDelay: 1, maxDelay: 10))
        #expect(settings.batch.maxBatchSize == 10_000)
        #expect(settings.timeouts.query == 60)
        #expect(settings.timeouts.procedure == 90)
        #expect(settings.timeouts.batch == 120)
    }

    @Test func `a whole file is read by its keys`() throws {
        let settings = try SettingsLoader.load(
            BrotrSettings.self,
            yaml: """
                pool:
                  database: {host: db, port: 6432, database: archive, user: me, sslmode: verify-full}
                  limits: {min_size: 1, max_size: 2, max_queries: 3, max_inactive_connection_lifetime: 4.5}
                  timeouts: {acquisition: 20, health_check: 2}
                  retry: {max_attempts: 5, initial_delay: 0.5, max_delay: 8, exponential_backoff: false}
                batch: {max_batch_size: 77}
                procedures: {insert_event: my_insert, delete_orphan_nip11: my_clean_up}
                timeouts: {query: 1, procedure: 2, batch: 3}
                """)
        #expect(settings.pool.database.sslmode == .verifyFull)
        #expect(settings.pool.limits.maxInactiveConnectionLifetime == 4.5)
        #expect(settings.pool.retry.exponentialBackoff == false)
        #expect(settings.procedures.insertEvent == "my_insert")
        #expect(settings.procedures.deleteOrphanNip11 == "my_clean_up")
        #expect(settings.procedures.insertRelay == "insert_relay")
        #expect(settings.timeouts.batch == 3)
    }

    @Test(arguments: [
        "pool: {limits: {min_size: 21}}", "pool: {limits: {max_size: 0}}", "pool: {limits: {max_sise: 5}}",
        "pool: {database: {port: 65536}}", "pool: {database: {host: ''}}", "pool: {database: {password: secret}}",
        "pool: {database: {sslmode: maybe}}", "pool: {timeouts: {acquisition: 0}}", "batch: {max_batch_size: 0}",
        "procedures: {insert_event: 'a; DROP TABLE events'}", "procedures: {insert_event: InsertEvent}",
        "procedures: {insert_event: 1a}", "procedures: {insert_event: ''}", "timeouts: {query: -1}",
        "pool: {timeouts: {acquisition: 0.5}}",
    ])
    func `what is wrong is refused`(yaml: String) {
        #expect(throws: SettingsError.self) { try SettingsLoader.load(BrotrSettings.self, yaml: yaml) }
    }

    @Test func `the environment wins over the file`() throws {
        let settings = try SettingsLoader.load(
            BrotrSettings.self, yaml: "pool: {database: {host: file, user: file}}",
            environment: Environment(["DB_HOST": "env", "DB_PORT": "1234", "DB_NAME": "name"]),
            bindings: PoolSettings.environment)
        #expect(settings.pool.database.host == "env")
        #expect(settings.pool.database.port == 1234)
        #expect(settings.pool.database.database == "name")
        #expect(settings.pool.database.user == "file")
    }

    @Test(arguments: ["a", "_", "insert_event", "a1_", String(repeating: "a", count: 63)])
    func `names are names`(text: String) { #expect(ProcedureNames.isName(text)) }

    @Test(arguments: ["", "1", "A", "a b", "a;", "a\"", "é", "a-b", "a.b", "a\0", String(repeating: "a", count: 64)])
    func `what is no name is none`(text: String) { #expect(!ProcedureNames.isName(text)) }

    @Test func `the password is in no text`() {
        var options = PoolSettings().options(password: Secret("hunter2"), applicationName: "t")
        options.host = "h"
        #expect(!"\(options)".contains("hunter2"))
        #expect(options.keywords.contains { $0 == ("password", "hunter2") })
    }

    @Test func `a day sum is undone by what it was made of`() throws {
        let ids = (0..<50).map { SHA256.hash([UInt8($0)]) }
        var sum = DaySum()
        for id in ids { sum.add(id) }
        #expect(sum.count == 50)
        for id in ids.shuffled() { sum.subtract(id) }
        #expect(sum == DaySum())
    }

    @Test func `a day sum carries over all bytes and wraps`() throws {
        var sum = DaySum(count: 1, idSum: try #require(Bytes32([UInt8](repeating: 255, count: 32))))
        let one = try #require(Bytes32([1] + [UInt8](repeating: 0, count: 31)))
        sum.add(one)
        #expect(sum == DaySum(count: 2, idSum: .zero))
        sum = DaySum(count: 1, idSum: try #require(Bytes32([255, 255] + [UInt8](repeating: 0, count: 30))))
        sum.add(one)
        #expect(sum.idSum.bytes.prefix(3) == [0, 0, 1], "little-endian")
    }

    @Test func `days are counted from 1970 and held at their end`() {
        #expect(DaySum.day(of: UnixTime(seconds: 86_399)) == 0)
        #expect(DaySum.day(of: UnixTime(seconds: 86_400)) == 1)
        #expect(DaySum.day(of: .max) == .max)
    }

    @Test func `relays are built from texts, and nothing is dropped without a reason`() throws {
        let list = RelayRecord.build(
            urls: ["wss://Relay.Example.com", "not a url", "wss://relay.example.com/", "", "ws://127.0.0.1:7777"],
            at: UnixTime(seconds: 7))
        #expect(list.records.first?.url.text == "wss://relay.example.com")
        #expect(list.records.allSatisfy { $0.insertedAt == UnixTime(seconds: 7) })
        #expect(list.duplicates == 1)
        #expect(list.rejected.map(\.place).starts(with: [1, 3]))
        #expect(list.records.count + list.duplicates + list.rejected.count == 5)
    }

    @Test func `part of a batch takes the events of its pages along`() {
        let samples = EventSamples(seed: 31)
        let events = (0..<5).map { samples.event(at: Int64($0)) }
        var one = RelayPage(relay: RelayID(1), fence: 1)
        one.newEvents = [4, 0]
        var two = RelayPage(relay: RelayID(2), fence: 1)
        two.newEvents = [0, 2]
        let batch = PagesBatch(owner: .random(), pages: [one, two, one], events: events)
        let part = batch.part(batch.pages[..<2])
        #expect(part.pages.map(\.newEvents) == [[0, 1], [1, 2]])
        #expect(part.events == [events[4], events[0], events[2]])
    }
}
