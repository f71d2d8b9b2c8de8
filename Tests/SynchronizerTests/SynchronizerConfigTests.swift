import Nostr
import ServiceKit
import Settings
import SyncEngine
import Testing

@testable import Synchronizer

@Suite struct SynchronizerConfigTests {
    /// The file that the repository ships.
    private func shipped() throws -> SynchronizerConfig {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return try SettingsLoader.load(file: "/\(root)/deploy/bigbrotr/yaml/services/synchronizer.yaml")
    }

    private func problems(_ yaml: String) -> [String] {
        do {
            _ = try SettingsLoader.load(SynchronizerConfig.self, yaml: yaml, source: "f")
            return []
        } catch { return error.problems.map(\.description) }
    }

    @Test func `the shipped file holds the defaults and a port of its own`() throws {
        let config = try shipped()
        var expected = SynchronizerConfig()
        expected.health = config.health
        #expect(config == expected)
        #expect(config.health?.port == 9104)
        #expect(config.cyclePause == .seconds(1))
        #expect(config.logLevel == nil && config.requiredSecrets.isEmpty)
    }

    @Test func `the engine is given its sections`() throws {
        let yaml = "sync: { page_size: 77 }\nlease: { ttl: 9, heartbeat: 2 }\nbudget: { visit: 5 }\ninterval: 0.5"
        let config = try SettingsLoader.load(SynchronizerConfig.self, yaml: yaml)
        let settings = config.synchronizing
        #expect(settings.sync == config.sync && settings.sync.pageSize == 77)
        #expect(settings.lease == config.lease && settings.lease.ttl == 9)
        #expect(settings.budget == config.budget && settings.budget.visit == 5)
        #expect(config.cyclePause == .milliseconds(500))
    }

    @Test func `filter, time range and overrides reach the engine`() throws {
        let yaml = """
            filter: { kinds: [1], tags: { t: [nostr], E: [a, b] } }
            time_range: { since: 5 }
            overrides: [{ url: "WSS://A.example/", visit: 7 }]
            """
        let settings = try SettingsLoader.load(SynchronizerConfig.self, yaml: yaml).synchronizing
        #expect(settings.filter.kinds == [1] && settings.timeRange.since == 5)
        #expect(settings.filter.tags.entries == ["t": ["nostr"], "E": ["a", "b"]])
        #expect(settings.overrides.map(\.key.text) == ["wss://a.example"])
        #expect(settings.overrides.first?.value.visit == 7)
    }

    @Test(arguments: [
        ("sync: { batch_rows: 0 }", "sync.batch_rows: given 0, allowed 1 to 1000"),
        ("sync: { help_overdue: 0 }", "sync.help_overdue: given 0, allowed 0.1 to 604800"),
        ("sync: { clock_slack: 0 }", "sync.clock_slack: given 0, allowed 1 to 86400"),
        ("sync: { clock_slack: 86401 }", "sync.clock_slack: given 86401, allowed 1 to 86400"),
        ("sync: { quarantine_bytes: 1023 }", "sync.quarantine_bytes: given 1023, allowed 1 KiB to 64 KiB"),
        ("sync: { quarantine_bytes: 65537 }", "sync.quarantine_bytes: given 65537, allowed 1 KiB to 64 KiB"),
        ("filter: { kinds: [65536] }", "filter.kinds[0]: given 65536, allowed 0 to 65535"),
        ("time_range: { until: -1 }", "time_range.until: given -1, allowed null, or at least since (0)"),
        (
            "overrides: [{ url: \"wss://a.example\" }, { url: \"WSS://A.example:443/\" }]",
            "overrides[1]: given WSS://A.example:443/ again, allowed each relay once"
        ),
        ("sync: { page_size: 5001 }", "sync.page_size: given 5001, allowed 10 to 5000"),
        (
            "sync: { progress_timeout: 121 }", "sync.progress_timeout: given 121, allowed at most page_timeout (120)"
        ),
        ("lease: { ttl: 0.4, heartbeat: 0.1 }", "lease.ttl: given 0.4, allowed 0.5 to 3600"),
        ("lease: { heartbeat: 31 }", "lease.heartbeat: given 31, allowed at most half of lease.ttl (60)"),
        (
            "budget: { retry_delay: 61, retry_ceiling: 60 }",
            "budget.retry_delay: given 61, allowed at most retry_ceiling (60)"
        ),
        ("tail: { flush_interval: 0 }", "tail.flush_interval: given 0, allowed 0.01 to 60"),
        ("tail: { waiting_bytes: 0 }", "tail.waiting_bytes: given 0, allowed 16 KiB to 64 MiB"),
        ("interval: 0", "interval: given 0, allowed 0.01 to 3600"),
        (
            "intervall: 1",
            "intervall: given an unknown key, allowed one of the keys sync, lease, budget, rate, tail, proof, rescan, "
                + "filter, time_range, overrides, interval, health"
        ),
    ])
    func `what is wrong is named`(yaml: String, problem: String) {
        #expect(problems(yaml) == ["f:1: " + problem])
    }
}
