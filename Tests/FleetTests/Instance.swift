import Support

/// The folder of an instance: its YAML files, and what starts an executable on them.
final class Instance: Sendable {
    /// Holds `yaml/core/brotr.yaml` and `yaml/services/...`.
    let folder: TemporaryFolder
    /// The password that services are given.
    let password: String

    init(password: String = "not-the-real-one") throws {
        folder = try TemporaryFolder()
        self.password = password
    }

    /// The core file for a database.
    /// - Parameter more: further sections, whole lines.
    static func core(host: String = "127.0.0.1", port: Int, database: String, user: String, more: String) -> String {
        """
        pool:
          database:
            host: \(host)
            port: \(port)
            database: \(database)
            user: \(user)
          limits:
            min_size: 1
            max_size: 6
          timeouts:
            acquisition: 5
          retry:
            max_attempts: 3
            initial_delay: 0.2
            max_delay: 0.5
        schema:
          path: \((try? SourceFolder.repository()) ?? "")/postgres
        \(more)

        """
    }

    /// Writes both files and starts the executable on them.
    /// - Parameters:
    ///   - own: the service's own file; without it, one that leaves the network alone.
    ///   - environment: beside the password.
    func start(
        _ service: FleetService, core: String, own: String? = nil, arguments: [String] = [],
        environment: [String: String] = [:]
    ) throws -> ServiceProcess {
        let coreFile = try folder.write(core, to: "yaml/core/brotr.yaml")
        let ownFile = try folder.write(own ?? service.settings, to: service.file)
        return try ServiceProcess(
            service.product, ["--config", ownFile, "--core-config", coreFile] + arguments,
            environment: ["DB_PASSWORD": password].merging(environment) { $1 }, files: folder)
    }
}
