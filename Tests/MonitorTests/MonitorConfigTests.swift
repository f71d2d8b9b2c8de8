import ServiceKit
import Settings
import Testing

@testable import Monitor

@Suite struct MonitorConfigTests {
    /// The file that the repository ships.
    private func shipped() throws -> MonitorConfig {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return try SettingsLoader.load(file: "/\(root)/deploy/bigbrotr/yaml/services/monitor.yaml")
    }

    private func problems(_ yaml: String) -> [String] {
        do {
            _ = try SettingsLoader.load(MonitorConfig.self, yaml: yaml, source: "f")
            return []
        } catch { return error.problems.map(\.description) }
    }

    @Test func `the shipped file holds the defaults and a port of its own`() throws {
        let config = try shipped()
        var expected = MonitorConfig()
        expected.health = config.health
        #expect(config == expected)
        #expect(config.health?.port == 9103)
        #expect(config.requiredSecrets.isEmpty)
    }

    @Test func `publishing needs a key and relays`() throws {
        let yaml = "publishing: { enabled: true, relays: [\"wss://relay.example\"] }"
        #expect(try SettingsLoader.load(MonitorConfig.self, yaml: yaml).requiredSecrets == ["NOSTR_PRIVATE_KEY"])
        let write = "checks: { write: { enabled: true } }"
        #expect(try SettingsLoader.load(MonitorConfig.self, yaml: write).requiredSecrets == ["NOSTR_PRIVATE_KEY"])
        #expect(
            problems("publishing: { enabled: true }") == [
                "f:1: publishing.enabled: given true without relays, allowed false, or true with at least one relay"
            ])
    }

    @Test(arguments: [
        (
            "publishing: { relays: [\"http://x\"] }",
            "publishing.relays[0]: given http://x, allowed a relay URL, wss:// or ws://"
        ),
        ("publishing: { relays: [\"\"] }", "publishing.relays[0]: given , allowed a relay URL, wss:// or ws://"),
        ("checks: { concurrency: 0 }", "checks.concurrency: given 0, allowed 1 to 10000"),
        ("checks: { period: 60, timeout: 60 }", "checks.timeout: given 60, allowed less than period (60)"),
        (
            "checks: { confirmation: 60, longest_wait: 30 }",
            "checks.confirmation: given 60, allowed at most longest_wait (30)"
        ),
        (
            "checks: { exclude: [\"a.example\", \"http://x\"] }",
            "checks.exclude[1]: given http://x, allowed a relay URL, or the name or address of a host"
        ),
        ("checks: { write: { max_pow: 25 } }", "checks.write.max_pow: given 25, allowed 0 to 24"),
        ("checks: { write: { timeout: 0 } }", "checks.write.timeout: given 0, allowed 0.1 to 600"),
        ("publishing: { max_pow: -1 }", "publishing.max_pow: given -1, allowed 0 to 24"),
        ("publishing: { period: 0 }", "publishing.period: given 0, allowed 1 to 604800"),
        (
            "publishing: { geohash: \"aa\" }",
            "publishing.geohash: given aa, allowed at most 12 of the letters 0123456789bcdefghjkmnpqrstuvwxyz"
        ),
        (
            "publishing: { retry_wait: 60, refused_wait: 30 }",
            "publishing.retry_wait: given 60, allowed at most refused_wait (30)"
        ),
        ("checks: { waiting: -1 }", "checks.waiting: given -1, allowed 0 to 10000"),
        ("checks: { per_host: 0 }", "checks.per_host: given 0, allowed 1 to 1000"),
        ("checks: { nip11_bytes: 1023 }", "checks.nip11_bytes: given 1023, allowed 1 KiB to 256 KiB"),
        ("checks: { nip11_bytes: 257 KiB }", "checks.nip11_bytes: given 257 KiB, allowed 1 KiB to 256 KiB"),
        ("checks: { nip11_redirects: -1 }", "checks.nip11_redirects: given -1, allowed 0 to 10"),
        ("checks: { nip11_redirects: 11 }", "checks.nip11_redirects: given 11, allowed 0 to 10"),
        ("checks: { tls_timeout: 0 }", "checks.tls_timeout: given 0, allowed 0.1 to 600"),
        ("checks: { dns_timeout: 601 }", "checks.dns_timeout: given 601, allowed 0.1 to 600"),
        (
            "checks: { dns_servers: [192.0.2.53, ns.example] }",
            "checks.dns_servers[1]: given ns.example, allowed an address, with or without a port: "
                + "192.0.2.53, 192.0.2.53:53, [2001:db8::35]:53"
        ),
        ("checks: { geo: { city: \"\" } }", "checks.geo.city: given an empty path, allowed a path, or nothing"),
        ("cycle_limit: 0", "cycle_limit: given 0, allowed 1 to 86400"),
        ("interval: 0", "interval: given 0, allowed 0.1 to 3600"),
    ])
    func `what is wrong is named`(yaml: String, problem: String) {
        #expect(problems(yaml) == ["f:1: " + problem])
    }
}
