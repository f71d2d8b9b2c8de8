import ServiceKit
import Settings
import Testing

@testable import Finder

@Suite struct FinderConfigTests {
    /// The file that the repository ships.
    private func shipped() throws -> FinderConfig {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return try SettingsLoader.load(file: "/\(root)/deploy/bigbrotr/yaml/services/finder.yaml")
    }

    private func problems(_ yaml: String) -> [String] {
        do {
            _ = try SettingsLoader.load(FinderConfig.self, yaml: yaml, source: "f")
            return []
        } catch { return error.problems.map(\.description) }
    }

    @Test func `the shipped file holds the defaults and a port of its own`() throws {
        let config = try shipped()
        var expected = FinderConfig()
        expected.health = config.health
        #expect(config == expected)
        #expect(config.health?.port == 9102)
        #expect(config.cyclePause == .seconds(3600))
        #expect(config.logLevel == .info)
    }

    @Test(arguments: [
        ("event_scan: { batch_size: 0 }", "event_scan.batch_size: given 0, allowed 1 to 100000"),
        (
            "event_scan: { batch_size: 10, max_events_per_cycle: 9 }",
            "event_scan.batch_size: given 10, allowed at most max_events_per_cycle (9)"
        ),
        (
            "api: { sources: [] }",
            "api.enabled: given true without an enabled source, "
                + "allowed false, or true with at least one source that is enabled"
        ),
        (
            "api: { sources: [{ timeout: 5 }] }",
            "api.sources[0].url: given nothing, allowed a URL, http:// or https://, at most 2048 bytes"
        ),
        (
            "api: { sources: [{ url: ftp://x }] }",
            "api.sources[0].url: given ftp://x, allowed a URL, http:// or https://, at most 2048 bytes"
        ),
        ("api: { sources: [{ url: http://x, timeout: 0 }] }", "api.sources[0].timeout: given 0, allowed 0.1 to 600"),
        (
            "api: { sources: [{ url: http://x }, { url: http://x }] }",
            "api.sources[1]: given http://x again, allowed each URL once"
        ),
        ("api: { request_delay: 3601 }", "api.request_delay: given 3601, allowed 0 to 3600"),
        (
            "logging: { log_level: LOUD }",
            "logging.log_level: given LOUD, allowed one of TRACE, DEBUG, INFO, NOTICE, WARNING, ERROR, CRITICAL"
        ),
        ("logging: { progress_interval: 0 }", "logging.progress_interval: given 0, allowed 1 to 1000000000"),
        ("timeouts: { db_query: 0 }", "timeouts.db_query: given 0, allowed 0.1 to 3600"),
        ("insert_batch_size: 1001", "insert_batch_size: given 1001, allowed 1 to 1000"),
        ("discovery_interval: 0", "discovery_interval: given 0, allowed 1 to 604800"),
    ])
    func `what is wrong is named`(yaml: String, problem: String) {
        #expect(problems(yaml) == ["f:1: " + problem])
    }

    @Test func `discovery can be switched off whole`() throws {
        let yaml = "api: { enabled: false, sources: [] }\nevent_scan: { enabled: false }\n"
        #expect(problems(yaml).isEmpty)
    }

    @Test func `a source is named by its URL, in at most 256 bytes`() {
        #expect(DirectorySource(url: "https://a.example/list").name == "https://a.example/list")
        let long = "https://a.example/" + String(repeating: "x", count: 300)
        let names = [long, long + "y", long + "z"].map { DirectorySource(url: $0).name }
        #expect(names.allSatisfy { $0.utf8.count == 256 && $0.hasPrefix("https://a.example/x") })
        #expect(Set(names).count == 3)
    }
}
