import Logging
import Testing

@testable import ServiceKit

@Suite struct ServiceArgumentsTests {
    private func parse(_ arguments: String...) -> ServiceArguments.Parsed {
        ServiceArguments.parse(arguments, for: TrialService.self)
    }

    private func exitReport(_ arguments: [String]) -> ExitReport? {
        guard case .exit(let report) = ServiceArguments.parse(arguments, for: TrialService.self) else { return nil }
        return report
    }

    @Test func `without arguments the files of the instance are taken`() {
        #expect(
            parse()
                == .run(
                    ServiceOptions(
                        config: "deploy/bigbrotr/yaml/services/trial_service.yaml",
                        coreConfig: "deploy/bigbrotr/yaml/core/brotr.yaml")))
    }

    @Test func `every argument is read`() {
        #expect(
            parse("--config", "a", "--core-config", "b", "--once", "--log-level", "debug", "--check-config")
                == .run(
                    ServiceOptions(
                        config: "a", coreConfig: "b", once: true, logLevel: LogLevel(.debug), checkConfig: true)))
        #expect(
            parse("--config=a")
                == .run(
                    ServiceOptions(
                        config: "a", coreConfig: "deploy/bigbrotr/yaml/core/brotr.yaml")))
    }

    @Test(arguments: [
        ["--bogus"], ["--config"], ["--log-level", "loud"], ["--log-level"], ["stray"], ["--once=yes"], ["-x"], [""],
    ])
    func `wrong arguments end with 64 and a text on standard error`(arguments: [String]) throws {
        let report = try #require(exitReport(arguments))
        #expect(report.status == .usage)
        #expect(report.output.isEmpty)
        #expect(report.errors.hasPrefix("Error: "))
        #expect(report.errors.contains("Usage: bigbrotr-trial-service"))
        #expect(report.errors.hasSuffix("\n"))
    }

    @Test func `a wrong level names what is allowed`() throws {
        #expect(
            try #require(exitReport(["--log-level", "loud"])).errors.contains(
                "given loud, allowed one of TRACE, DEBUG, INFO, NOTICE, WARNING, ERROR, CRITICAL"))
    }

    @Test func `help goes to standard output with status 0 and names every argument`() throws {
        let report = try #require(exitReport(["--help"]))
        #expect(report.status == .success)
        #expect(report.errors.isEmpty)
        for word in [
            "--config", "--core-config", "--once", "--log-level", "--check-config", "--version", "--help",
            "DB_PASSWORD", "bigbrotr-trial-service",
        ] { #expect(report.output.contains(word), "\(word)") }
    }

    @Test func `version is one line on standard output`() {
        #expect(
            exitReport(["--version"])
                == ExitReport(status: .success, output: "bigbrotr-trial-service \(BuildInfo.version)\n"))
    }

    @Test func `the numbers of the exit statuses are what operators rely on`() {
        let statuses: [ServiceKit.ExitStatus] = [.success, .failure, .usage, .databaseUnreachable, .configuration]
        #expect(statuses.map(\.rawValue) == [0, 1, 64, 69, 78])
    }
}
