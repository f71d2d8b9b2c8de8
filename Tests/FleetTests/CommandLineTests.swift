import Support
import Testing

/// What the executables print about themselves, and how they refuse.
@Suite(.serialized, .timeLimit(.minutes(10))) struct CommandLineTests {
    @Test(arguments: FleetService.allCases)
    func `help names every argument`(_ service: FleetService) async throws {
        let process = try ServiceProcess(service.product, ["--help"])
        #expect(try await process.exit() == 0)
        let flags = ["--config", "--core-config", "--once", "--log-level", "--check-config", "--version", "--help"]
        for flag in flags { #expect(process.output.contains(flag), "\(flag) is missing") }
        for variable in ["DB_PASSWORD", "DB_HOST", "SOCKS5_PROXY_URL", "NOSTR_PRIVATE_KEY"] {
            #expect(process.output.contains(variable), "\(variable) is missing")
        }
        #expect(process.errors == "")
    }

    @Test(arguments: FleetService.allCases)
    func `the version is one line`(_ service: FleetService) async throws {
        let process = try ServiceProcess(service.product, ["--version"])
        #expect(try await process.exit() == 0)
        let lines = process.output.split(separator: "\n")
        #expect(lines.count == 1)
        #expect(process.output.contains(/[0-9]+\.[0-9]+\.[0-9]+/))
        #expect(process.errors == "")
    }

    @Test(arguments: FleetService.allCases)
    func `an unknown argument is refused with status 64`(_ service: FleetService) async throws {
        for arguments in [["--no-such-argument"], ["--log-level", "LOUD"], ["stray"], ["--config"]] {
            let process = try ServiceProcess(service.product, arguments)
            #expect(try await process.exit() == 64)
            let word = arguments[arguments.count - 1]
            #expect(process.errors.contains(word), "\(word) is not named: \(process.errors)")
            #expect(process.output == "")
        }
    }

    /// Without arguments the shipped files are read, from the folder of the repository.
    @Test(arguments: FleetService.allCases)
    func `the shipped files are right`(_ service: FleetService) async throws {
        let process = try ServiceProcess(service.product, ["--check-config"])
        #expect(try await process.exit() == 0, "\(process.everything)")
        #expect(process.output.contains("pool:"))
        #expect(process.errors == "")
    }
}
