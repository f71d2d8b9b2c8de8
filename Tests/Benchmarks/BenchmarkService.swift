import Settings
import Support

/// A service as an operator runs it, a process of its own, on a database of the benchmarks.
struct BenchmarkService {
    static let synchronizer = BenchmarkService(product: "bigbrotr-synchronizer")
    static let finder = BenchmarkService(product: "bigbrotr-finder")
    static let monitor = BenchmarkService(product: "bigbrotr-monitor")
    static let initializer = BenchmarkService(product: "bigbrotr-initializer")

    let product: String

    /// Starts one.
    /// - Parameters:
    ///   - connections: relays at a time.
    ///   - own: its own file.
    ///   - arguments: besides the two files.
    ///   - authority: a file of certificates that it trusts beside the system's.
    func start(
        _ database: TestDatabase, connections: Int = 50, own: String, _ arguments: [String] = [],
        trusting authority: String? = nil
    ) throws -> ServiceProcess {
        let folder = try TemporaryFolder()
        let server = database.server
        let core = try folder.write(
            """
            pool:
              database:
                host: \(server.host)
                port: \(server.port)
                database: \(database.name)
                user: \(server.user)
            schema:
              path: \(try SourceFolder.repository())/postgres
            networks:
              local:
                enabled: true
                max_connections: \(connections)
            tls:
              ca_file: \(authority ?? "null")

            """, to: "yaml/core/brotr.yaml")
        let file = try folder.write(own, to: "yaml/services/service.yaml")
        return try server.password.withExposed { password in
            try ServiceProcess(
                product, ["--config", file, "--core-config", core] + arguments,
                environment: ["DB_PASSWORD": password], files: folder)
        }
    }

    /// Waits until one has looked for work.
    static func waitUntilUp(_ process: ServiceProcess) async throws {
        try await eventually("the service is up", found: { process.everything }) {
            process.output.contains("\"cycle_completed\"")
        }
    }
}
