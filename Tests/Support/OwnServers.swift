import Database
import Dispatch
import Foundation
import Settings

/// A PostgreSQL and a PgBouncer of one test's own, which it may end and start again as it likes: no other test notices.
///
/// There is one such pair in a test run; `make test` ends it if the test could not.
public final class OwnServers: Sendable {
    /// What could not be done; the text says why.
    public struct Failure: Error, CustomStringConvertible {
        /// One sentence.
        public let description: String
    }

    /// What can be ended by accident.
    public enum Program: String, Sendable {
        /// Every session ends and the log has to be read again.
        case postgres
        /// Every client and every server connection is gone.
        case pgbouncer
    }

    /// Where they listen, as long as they live: a server that comes back is at the same ports.
    public let server: TestDatabaseServer
    private let script: Script

    private init(_ server: TestDatabaseServer, _ script: Script) {
        self.server = server
        self.script = script
    }

    /// Ends one of them, as an accident would.
    public func crash(_ program: Program) async throws { try await script.run("crash", program.rawValue) }

    /// Starts what does not run and waits until both answer.
    public func start() async throws { try await script.run("start") }

    /// From now on PgBouncer keeps what clients send, once what is under way has ended. PostgreSQL itself answers.
    public func hold() async throws { try await script.run("hold") }

    /// What PgBouncer kept goes on to PostgreSQL.
    public func release() async throws { try await script.run("release") }

    fileprivate static func make() async throws -> OwnServers {
        let script = try Script(port: try FreePort.find())
        try await script.run("wipe")
        do {
            try await script.run("start")
            let server = try script.server(try await script.run("env"))
            // The servers of tests forget their last commits in a crash, so that the others are faster. A replica that
            // was told of a commit goes on from there.
            try await server.run("ALTER SYSTEM SET synchronous_commit = on")
            try await server.run("SELECT pg_reload_conf()")
            return OwnServers(server, script)
        } catch {
            try await script.run("wipe")
            throw error
        }
    }

    fileprivate func end() async throws { try await script.run("wipe") }
}

/// Runs the body with servers of its own that are gone afterwards.
public func withOwnServers(
    isolation: isolated (any Actor)? = #isolation, _ body: (OwnServers) async throws -> Void
) async throws {
    let servers = try await OwnServers.make()
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body(servers)) } catch { outcome = .failure(error) }
    try await servers.end()
    try outcome.get()
}

/// deploy/local/database on a folder of its own.
private struct Script: Sendable {
    private let path: String
    private let options: [String]
    private let environment: [String: String]
    private static let limit = Duration.seconds(240)

    /// - Parameter port: where a free one is looked for at the first start. Not where other servers look, because one
    ///   of them could be given it while ours is down.
    init(port: Int) throws {
        var environment = ProcessInfo.processInfo.environment
        guard let base = environment["BIGBROTR_TEST_STATE"] else {
            throw OwnServers.Failure(description: "BIGBROTR_TEST_STATE is not set: run the tests by `make test`")
        }
        path = try SourceFolder.repository() + "/deploy/local/database"
        options = ["--test", "--state", "\(base)/own-run", "--port", "\(port)"]
        environment["BIGBROTR_STATE_DIR"] = base
        // The servers belong to another user, who may not write there, and end by the script and by nobody else.
        for name in ["TMPDIR", "BIGBROTR_TEST_RUN"] { environment[name] = nil }
        self.environment = environment
    }

    /// Runs one command and gives what it printed.
    @discardableResult
    func run(_ command: String...) async throws -> [String] {
        try await withCheckedThrowingContinuation { continuation in
            // Blocking calls wait on a thread of Dispatch, so that they take none from the tests' own tasks.
            DispatchQueue.global().async {
                continuation.resume(with: Result { try runNow(command) })
            }
        }
    }

    private func runNow(_ command: [String]) throws -> [String] {
        let process = try ChildProcess(path, options + command, environment: environment)
        var lines: [String] = []
        while let line = try process.readLine(within: Self.limit) { lines.append(line) }
        let status = process.end(within: .zero)
        guard status == 0 else {
            throw OwnServers.Failure(description: "\(path) \(command.joined(separator: " ")): status \(status)")
        }
        return lines
    }

    /// The servers by what `env` printed: `export NAME=value` a line.
    func server(_ lines: [String]) throws -> TestDatabaseServer {
        let values = lines.reduce(into: [Substring: String]()) { values, line in
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let name = parts[0].split(separator: "_").last else { return }
            values[parts[0].hasSuffix("DIRECT_PORT") ? "DIRECT" : name] = String(parts[1])
        }
        guard let port = values["PORT"].flatMap({ Int($0) }), let direct = values["DIRECT"].flatMap({ Int($0) }),
            let user = values["USER"], let password = values["PASSWORD"]
        else { throw OwnServers.Failure(description: "the servers did not say where they are") }
        return TestDatabaseServer(port: port, directPort: direct, user: user, password: Secret(password))
    }
}
