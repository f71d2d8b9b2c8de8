import Database
import Logging
import ServiceKit
import Settings
import Support
import Telemetry

@testable import Initializer

/// A database without anything in it, a copy of the files of the schema, and Initializers on them.
struct InstallationBench {
    /// Name of the database.
    let name: String
    let server: TestDatabaseServer
    /// Running, as the administrator, through PgBouncer.
    let brotr: Brotr
    /// Folder of the instance: `postgres` and `data/seed_relays.txt` below it.
    let folder: TemporaryFolder
    let lines = LogLines()

    var pool: Pool { brotr.pool }

    /// The password of all logins. They belong to the cluster: every test has to give them the same.
    var password: String { server.password.withExposed { $0 } }

    /// An Initializer with a copy of the settings.
    func initializer(
        _ change: (inout InitializerConfig, inout CoreSettings, inout [String: String]) -> Void = { _, _, _ in }
    ) -> InitializerService {
        var config = InitializerConfig()
        config.retry = RetrySettings(maxAttempts: 5, initialDelay: 0.01, maxDelay: 0.1)
        var core = CoreSettings()
        core.schema.path = "postgres"
        var variables = ["DB_PASSWORD": password]
        change(&config, &core, &variables)
        let context = ServiceContext(
            brotr: brotr, core: core, logger: lines.logger(service: "initializer"),
            environment: Environment(variables), instanceFolder: folder.path)
        return InitializerService(config: config, context: context)
    }

    /// A further Brotr on the same database as somebody else, running while the body runs.
    func withLogin<Result>(
        _ user: String, password: String, isolation: isolated (any Actor)? = #isolation,
        _ body: (Brotr) async throws -> Result
    ) async throws -> Result {
        let other = Self.brotr(server, name, user: user, password: Secret(password))
        return try await other.withRunning { try await body(other) }
    }

    /// The first column of the first row.
    func value<Value: SQLDecodable>(_ sql: String, as type: Value.Type = Value.self) async throws -> Value? {
        try await pool.fetch(NamedStatement("test", sql)).first?.decode(Value.self, at: 0)
    }

    /// What the schema looks like, in the words of the schema itself, without what is only there for a superuser.
    func inventory() async throws -> [String] {
        try await pool.fetch(NamedStatement("test", "SELECT i FROM schema_inventory() AS i ORDER BY i"))
            .map { try $0.decode(at: 0) }
    }

    /// Runs the body on a bench of its own.
    static func with(
        seed: String = "wss://a.example\n", isolation: isolated (any Actor)? = #isolation,
        _ body: (InstallationBench) async throws -> Void
    ) async throws {
        let server = try TestDatabaseServer()
        let name = "init_\(UInt64.random(in: 0 ... .max))"
        let folder = try TemporaryFolder()
        try folder.write(seed, to: "data/seed_relays.txt")
        let schema = try SourceFolder.repository() + "/postgres"
        for part in ["init", "migrations"] {
            for script in try SchemaFolder.scripts("\(schema)/\(part)") {
                try folder.write(script.text, to: "postgres/\(part)/\(script.name).sql")
            }
        }
        try await server.run("CREATE DATABASE \(name)")
        let brotr = brotr(server, name, user: server.user, password: server.password)
        let bench = InstallationBench(name: name, server: server, brotr: brotr, folder: folder)
        var failure: (any Error)?
        do { try await brotr.withRunning { try await body(bench) } } catch { failure = error }
        try await server.run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        if let failure { throw failure }
    }

    private static func brotr(_ server: TestDatabaseServer, _ name: String, user: String, password: Secret) -> Brotr {
        var settings = BrotrSettings()
        settings.pool = server.settings(database: name, direct: false)
        settings.pool.database.user = user
        return Brotr(
            settings: settings, password: password, applicationName: name,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
}
