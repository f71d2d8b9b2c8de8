import Glibc
import Support
import Testing

/// A database that is not there.
@Suite(.serialized, .timeLimit(.minutes(10))) struct UnreachableDatabaseTests {
    private func core(health: Int) throws -> String {
        Instance.core(
            port: try FreePort.find(), database: "none", user: "nobody",
            more: "health:\n  port: \(health)\n  check_interval: 0.2\n")
    }

    @Test(arguments: FleetService.allCases)
    func `one cycle ends with status 69 within its retries`(_ service: FleetService) async throws {
        let instance = try Instance()
        let process = try instance.start(service, core: try core(health: 0), arguments: ["--once"])
        #expect(try await process.exit(within: .seconds(40)) == 69, "\(process.everything)")
        #expect(process.output.contains("database_unreachable"))
        #expect(!process.output.contains(instance.password))
    }

    @Test(arguments: FleetService.allCases)
    func `a service waits for it, says so, and stops when asked`(_ service: FleetService) async throws {
        let instance = try Instance()
        let port = try FreePort.find()
        let process = try instance.start(service, core: try core(health: port))
        let answer = try await Eventually.value("readiness names the database", found: { process.everything }) {
            let answer = await HTTPProbe.get("/readyz", port: port)
            return answer?.body.contains("connection_failed") == true ? answer : nil
        }
        #expect(answer.status == 503)
        #expect(answer.body.contains(#""ready":false"#))
        #expect(answer.body.contains(#"{"name":"database","ok":false,"reason":"connection_failed"}"#))
        #expect(await HTTPProbe.get("/healthz", port: port)?.status == 200)
        #expect(process.isRunning)
        #expect(try await process.terminate(within: .seconds(20)) == 0, "\(process.everything)")
        #expect(process.log("service_stopped").count == 1)
    }
}
