import Foundation
import Support
import Testing

/// Wrong configuration is refused before anything is done, and nothing falls back in silence.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ConfigurationTests {
    private static let core = Instance.core(port: 1, database: "none", user: "nobody", more: "")

    /// Starts it, and expects the end that a wrong configuration has, with all of `words` on standard error.
    private func expectRefusal(
        _ service: FleetService, core: String = core, own: String = "", environment: [String: String] = [:],
        words: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let instance = try Instance()
        let process = try instance.start(service, core: core, own: own, environment: environment)
        let status = try await process.exit()
        #expect(status == 78, sourceLocation: sourceLocation)
        for word in words {
            #expect(
                process.errors.contains(word), "\(word) is not in: \(process.errors)", sourceLocation: sourceLocation)
        }
        #expect(process.output == "", sourceLocation: sourceLocation)
        #expect(!process.errors.contains(instance.password), sourceLocation: sourceLocation)
    }

    @Test(arguments: FleetService.allCases)
    func `an unknown key is named with its file, line and neighbours`(_ service: FleetService) async throws {
        try await expectRefusal(
            service, own: "# first line\nno_such_key: 7\n",
            words: ["\(service.file):2:", "no_such_key", "given", "allowed"])
        try await expectRefusal(
            service, core: Self.core + "pol:\n  limits: 3\n", words: ["brotr.yaml:", "pol", "allowed", "pool"])
    }

    @Test(arguments: FleetService.allCases)
    func `a wrong type is named with what was given`(_ service: FleetService) async throws {
        let core = "timeouts:\n  query: soon\n"
        try await expectRefusal(
            service, core: core, words: ["brotr.yaml:2:", "timeouts.query", "given", "soon", "allowed"])
    }

    @Test(arguments: FleetService.allCases)
    func `a value out of range is named with the range`(_ service: FleetService) async throws {
        let core = "pool:\n  limits:\n    max_size: 0\nshutdown: {grace: 100000}\n"
        try await expectRefusal(
            service, core: core,
            words: ["brotr.yaml:3:", "pool.limits.max_size", "given 0", "allowed", "brotr.yaml:4:", "shutdown.grace"])
    }

    @Test(arguments: FleetService.allCases)
    func `values that contradict each other are refused`(_ service: FleetService) async throws {
        let core = "pool:\n  limits:\n    min_size: 9\n    max_size: 8\n"
        try await expectRefusal(service, core: core, words: ["brotr.yaml:", "min_size", "given 9", "allowed"])
    }

    @Test(arguments: FleetService.allCases)
    func `a missing file is named`(_ service: FleetService) async throws {
        let process = try ServiceProcess(
            service.product, ["--config", "/nowhere/own.yaml", "--core-config", "/nowhere/core.yaml"],
            environment: ["DB_PASSWORD": "x"])
        #expect(try await process.exit() == 78)
        #expect(process.errors.contains("/nowhere/own.yaml"))
        #expect(process.errors.contains("/nowhere/core.yaml"))
    }

    @Test(arguments: FleetService.allCases)
    func `a missing password is named`(_ service: FleetService) async throws {
        try await expectRefusal(service, environment: ["DB_PASSWORD": ""], words: ["DB_PASSWORD"])
    }

    @Test(arguments: FleetService.allCases)
    func `a variable that wins over the file is checked too`(_ service: FleetService) async throws {
        try await expectRefusal(service, environment: ["DB_PORT": "many"], words: ["DB_PORT", "many", "allowed"])
        // Its value is a secret, so it must be refused without being shown.
        let key = "nsec-this-is-no-key"
        let instance = try Instance()
        let process = try instance.start(service, core: Self.core, environment: ["NOSTR_PRIVATE_KEY": key])
        #expect(try await process.exit() == 78)
        #expect(process.errors.contains("NOSTR_PRIVATE_KEY"))
        #expect(!process.errors.contains(key))
    }

    @Test(arguments: FleetService.allCases)
    func `the effective configuration holds no secret and loads again`(_ service: FleetService) async throws {
        let instance = try Instance(password: "pass-phrase-of-the-test")
        let key = String(repeating: "0123456789abcdef", count: 4)
        let environment = [
            "NOSTR_PRIVATE_KEY": key, "DB_HOST": "db.example.org", "DB_PORT": "6543",
            "SOCKS5_PROXY_URL": "socks5://someone:proxy-secret@127.0.0.1:9050",
        ]
        let shipped = "\(try SourceFolder.repository())/deploy/bigbrotr/\(service.file)"
        let own = try String(contentsOfFile: shipped, encoding: .utf8)
        let first = try instance.start(
            service, core: Self.core, own: own, arguments: ["--check-config"], environment: environment)
        #expect(try await first.exit() == 0, "\(first.everything)")
        #expect(first.errors == "")
        for secret in [instance.password, key, "proxy-secret"] {
            #expect(!first.output.contains(secret), "a secret is printed")
        }
        // What came from the environment is in it.
        #expect(first.output.contains("db.example.org"))
        #expect(first.output.contains("6543"))

        let parts = first.output.components(separatedBy: "\n---\n")
        try #require(parts.count == 2)
        let again = try Instance()
        let second = try again.start(
            service, core: parts[0], own: parts[1], arguments: ["--check-config"],
            environment: environment.filter { $0.key == "SOCKS5_PROXY_URL" })
        #expect(try await second.exit() == 0, "\(second.everything)")
        #expect(settings(second.output) == settings(first.output))
    }

    /// The lines without comments, which name files and variables.
    private func settings(_ text: String) -> [Substring] { text.split(separator: "\n").filter { !$0.hasPrefix("#") } }
}
