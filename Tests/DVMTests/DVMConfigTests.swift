import ServiceKit
import Settings
import Testing

@testable import DVM

@Suite struct DVMConfigTests {
    /// The file that the repository ships.
    private func shipped() throws -> DVMConfig {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return try SettingsLoader.load(file: "/\(root)/deploy/bigbrotr/yaml/services/dvm.yaml")
    }

    private func problems(_ yaml: String) -> [String] {
        do {
            _ = try SettingsLoader.load(DVMConfig.self, yaml: yaml, source: "f")
            return []
        } catch { return error.problems.map(\.description) }
    }

    @Test func `the shipped file holds the defaults and a port of its own`() throws {
        let config = try shipped()
        var expected = DVMConfig()
        expected.health = config.health
        #expect(config == expected)
        #expect(config.health?.port == 9107)
        #expect(config.requiredSecrets.isEmpty)
    }

    @Test func `answers are signed`() throws {
        let config = try SettingsLoader.load(DVMConfig.self, yaml: "relays: [\"wss://relay.example\"]")
        #expect(config.requiredSecrets == ["NOSTR_PRIVATE_KEY"])
    }

    @Test(arguments: [
        ("relays: [\"wss://\"]", "relays[0]: given wss://, allowed a relay URL, wss:// or ws://"),
        ("relays: wss://x.example", "relays: given wss://x.example, allowed a list"),
        ("interval: 0", "interval: given 0, allowed 0.1 to 3600"),
    ])
    func `what is wrong is named`(yaml: String, problem: String) {
        #expect(problems(yaml) == ["f:1: " + problem])
    }
}
