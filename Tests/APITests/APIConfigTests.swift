import ServiceKit
import Settings
import Testing

@testable import API

@Suite struct APIConfigTests {
    /// The file that the repository ships.
    private func shipped() throws -> APIConfig {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return try SettingsLoader.load(file: "/\(root)/deploy/bigbrotr/yaml/services/api.yaml")
    }

    private func problems(_ yaml: String) -> [String] {
        do {
            _ = try SettingsLoader.load(APIConfig.self, yaml: yaml, source: "f")
            return []
        } catch { return error.problems.map(\.description) }
    }

    @Test func `the shipped file holds the defaults and a port of its own`() throws {
        let config = try shipped()
        var expected = APIConfig()
        expected.health = config.health
        #expect(config == expected)
        #expect(config.health?.port == 9106)
        #expect(config.server == ServerSettings())
    }

    @Test(arguments: [
        ("server: { port: 0 }", "server.port: given 0, allowed 1 to 65535"),
        (
            "server: { host: \"\" }",
            "server.host: given an empty text, allowed 1 to 255 bytes without control characters"
        ),
        ("health: { port: 8080 }", "health.port: given 8080, allowed another port than server.port"),
        ("interval: 0", "interval: given 0, allowed 0.1 to 3600"),
    ])
    func `what is wrong is named`(yaml: String, problem: String) {
        #expect(problems(yaml) == ["f:1: " + problem])
    }

    @Test func `a service that may only read keeps no state`() {
        #expect(!APIService.keepsState)
    }
}
