import ServiceKit
import Settings
import Testing

@testable import PrioritySynchronizer

@Suite struct PrioritySynchronizerConfigTests {
    /// The file that the repository ships.
    private func shipped() throws -> PrioritySynchronizerConfig {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return try SettingsLoader.load(file: "/\(root)/deploy/bigbrotr/yaml/services/priority_synchronizer.yaml")
    }

    private func problems(_ yaml: String) -> [String] {
        do {
            _ = try SettingsLoader.load(PrioritySynchronizerConfig.self, yaml: yaml, source: "f")
            return []
        } catch { return error.problems.map(\.description) }
    }

    @Test func `the shipped file holds the defaults and a port of its own`() throws {
        let config = try shipped()
        var expected = PrioritySynchronizerConfig()
        expected.health = config.health
        #expect(config == expected)
        #expect(config.health?.port == 9105)
        #expect(config.relays.path == "data/priority_relays.txt")
    }

    @Test func `the list may come from the file of settings alone`() throws {
        let key = String(repeating: "0a", count: 32)
        let yaml = "relays: { path: null, urls: [\"wss://relay.example\"], pubkeys: [\"\(key)\"] }"
        let config = try SettingsLoader.load(PrioritySynchronizerConfig.self, yaml: yaml)
        #expect(config.relays.path == nil)
        #expect(config.relays.urls == ["wss://relay.example"])
        #expect(config.relays.pubkeys == [key])
    }

    @Test(arguments: [
        ("relays: { urls: [\"relay\"] }", "relays.urls[0]: given relay, allowed a relay URL, wss:// or ws://"),
        ("relays: { pubkeys: [\"xyz\"] }", "relays.pubkeys[0]: given xyz, allowed 64 lowercase hex digits"),
        (
            "relays: { path: \"\" }",
            "relays.path: given an empty text, allowed 1 to 2048 bytes without control characters"
        ),
        ("lease: { heartbeat: 31 }", "lease.heartbeat: given 31, allowed at most half of lease.ttl (60)"),
        ("sync: { batch_rows: 1001 }", "sync.batch_rows: given 1001, allowed 1 to 1000"),
        ("filter: { kinds: [0, 65536] }", "filter.kinds[1]: given 65536, allowed 0 to 65535"),
        ("relays: { refresh: 0 }", "relays.refresh: given 0, allowed 0.1 to 3600"),
        ("filter: { tags: { ee: [x] } }", "filter.tags: given ee, allowed single letters as keys"),
        ("filter: { tags: { e: [] } }", "filter.tags.e: given 0, allowed 1 to 1000"),
        (
            "filter: { tags: { e: [x, \"\"] } }",
            "filter.tags.e[1]: given an empty text, allowed 1 to 2048 bytes without control characters"
        ),
        ("filter: { authors: [\"x\"] }", "filter.authors[0]: given x, allowed 64 lowercase hex digits"),
        ("time_range: { since: 5, until: 4 }", "time_range.until: given 4, allowed null, or at least since (5)"),
        ("time_range: { since: -1 }", "time_range.since: given -1, allowed 0 to 9223372036854775807"),
        ("proof: { second_pass: 0 }", "proof.second_pass: given 0, allowed 0.1 to 2592000"),
        (
            "rescan: { schedule: [5, 5] }",
            "rescan.schedule: given 5, 5, allowed waits above 0, each longer than the last"
        ),
        ("rescan: { schedule: [] }", "rescan.schedule: given 0, allowed 1 to 20"),
        ("overrides: [{ page_size: 50 }]", "overrides[0].url: given nothing, allowed a relay URL, wss:// or ws://"),
        (
            "overrides: [{ url: \"wss://a.example\" }, { url: \"wss://a.example\" }]",
            "overrides[1]: given wss://a.example again, allowed each relay once"
        ),
        ("interval: 3601", "interval: given 3601, allowed 0.01 to 3600"),
    ])
    func `what is wrong is named`(yaml: String, problem: String) {
        #expect(problems(yaml) == ["f:1: " + problem])
    }
}
