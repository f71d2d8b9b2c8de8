import Database
import Nostr
import Settings
import Testing

@testable import ServiceKit

@Suite struct CoreSettingsTests {
    private func problems(_ yaml: String) -> [String] {
        do {
            _ = try SettingsLoader.load(CoreSettings.self, yaml: yaml, source: "f")
            return []
        } catch { return error.problems.map(\.description) }
    }

    @Test func `the shipped file holds the defaults, and PgBouncer's port`() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let core = try SettingsLoader.load(CoreSettings.self, file: "/\(root)/deploy/bigbrotr/yaml/core/brotr.yaml")
        var expected = CoreSettings()
        expected.pool.database.port = 6432
        #expect(core == expected)
    }

    @Test func `the defaults are the specified ones`() {
        let core = CoreSettings()
        let pool = core.pool
        #expect(pool.database.host == "localhost" && pool.database.port == 5432)
        #expect(pool.database.database == "brotr" && pool.database.user == "admin")
        #expect(pool.limits.minSize == 5 && pool.limits.maxSize == 20 && pool.limits.maxQueries == 50_000)
        #expect(pool.limits.maxInactiveConnectionLifetime == 300)
        #expect(pool.timeouts.acquisition == 10 && pool.timeouts.healthCheck == 5)
        #expect(pool.retry == RetrySettings(maxAttempts: 3, initialDelay: 1, maxDelay: 10))
        #expect(core.batch.maxBatchSize == 10_000)
        #expect(core.timeouts.query == 60 && core.timeouts.procedure == 90 && core.timeouts.batch == 120)
        #expect(core.limits.messageBytes == .mebibytes(4) && core.limits.unfinishedBytes == .mebibytes(32))
        #expect(core.limits.jsonDepth == JSONDepth.usual)
        #expect(core.limits.jsonDepth == 16 && core.limits.eventDepth == 3 && core.limits.textBytes == 512)
        #expect(core.shutdown.grace == 10)
        #expect(!core.networks.local.enabled)
    }

    @Test func `every section is Brotr's or known to be another's`() {
        let sections = { (settings: Any) in Set(Mirror(reflecting: settings).children.compactMap(\.label)) }
        let brotr = sections(BrotrSettings())
        #expect(brotr.isDisjoint(with: BrotrSettings.otherSections))
        #expect(sections(CoreSettings()) == brotr.union(BrotrSettings.otherSections))
    }

    @Test func `Brotr is given its sections`() {
        var core = CoreSettings()
        core.pool.limits.maxSize = 7
        core.batch.maxBatchSize = 8
        core.timeouts.query = 9
        core.procedures.insertEvent = "my_insert"
        let brotr = core.brotr
        #expect(brotr.pool == core.pool && brotr.batch == core.batch)
        #expect(brotr.timeouts == core.timeouts && brotr.procedures == core.procedures)
    }

    @Test(arguments: [
        ("pool: { limits: { min_size: 21 } }", "pool.limits.min_size: given 21, allowed at most max_size (20)"),
        (
            "pool: { database: { password: x } }",
            "pool.database.password: given an unknown key, allowed one of the keys host, port, database, user, sslmode"
        ),
        (
            "procedures: { insert_event: \"x; DROP\" }",
            "procedures.insert_event: given x; DROP, allowed [a-z_][a-z0-9_]*, 1 to 63 characters"
        ),
        (
            "networks: { i2p: { enabled: true } }",
            "networks.i2p.enabled: given true without a proxy, "
                + "allowed false, or true together with networks.i2p.proxy"
        ),
        (
            "networks: { clearnet: { proxy: \"http://x:1\" } }",
            "networks.clearnet.proxy: given http://x:1, allowed socks5://host:port or socks5h://host:port"
        ),
        (
            "limits: { message_bytes: 33 MiB }",
            "limits.message_bytes: given 33 MiB, allowed at most unfinished_bytes (32 MiB)"
        ),
        ("limits: { json_depth: 7 }", "limits.json_depth: given 7, allowed 8 to 64"),
        ("limits: { json_depth: 65 }", "limits.json_depth: given 65, allowed 8 to 64"),
        ("limits: { event_depth: 2 }", "limits.event_depth: given 2, allowed 3 to 64"),
        ("limits: { event_depth: 65 }", "limits.event_depth: given 65, allowed 3 to 64"),
        ("limits: { text_bytes: 127 }", "limits.text_bytes: given 127, allowed 128 to 4 KiB"),
        ("limits: { text_bytes: 4097 }", "limits.text_bytes: given 4097, allowed 128 to 4 KiB"),
        ("health: { port: 65536 }", "health.port: given 65536, allowed 0 to 65535"),
        (
            "health: { failure_limit: -1 }",
            "health.failure_limit: given -1, allowed a number of seconds, 0 to 1000000000"
        ),
        (
            "logging: { level: loud }",
            "logging.level: given loud, allowed one of TRACE, DEBUG, INFO, NOTICE, WARNING, ERROR, CRITICAL"
        ),
        (
            "logging: { file: \"\" }",
            "logging.file: given an empty text, allowed 1 to 2048 bytes without control characters"
        ),
        (
            "schema: { path: 5 }",
            "schema.path: given 5, allowed a text (in quotes where it looks like something else)"
        ),
    ])
    func `what is wrong is named`(yaml: String, problem: String) {
        #expect(problems(yaml) == ["f:1: " + problem])
    }
}
