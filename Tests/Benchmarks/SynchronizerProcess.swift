import Settings
import Support

/// The Synchronizer as an operator runs it, a process of its own, on a database of the benchmarks.
enum SynchronizerProcess {
    /// Starts one.
    /// - Parameters:
    ///   - connections: relays at a time.
    ///   - own: its own file.
    static func start(_ database: TestDatabase, connections: Int, own: String) throws -> ServiceProcess {
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

            """, to: "yaml/core/brotr.yaml")
        let file = try folder.write(own, to: "yaml/services/synchronizer.yaml")
        return try server.password.withExposed { password in
            try ServiceProcess(
                "bigbrotr-synchronizer", ["--config", file, "--core-config", core],
                environment: ["DB_PASSWORD": password], files: folder)
        }
    }

    /// Waits until it has looked for work.
    static func waitUntilUp(_ process: ServiceProcess) async throws {
        try await eventually("the synchronizer is up", found: { process.everything }) {
            process.output.contains("\"cycle_completed\"")
        }
    }
}
