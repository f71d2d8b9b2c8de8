public import Database
import Glibc
import Logging
public import Settings
import Synchronization

/// A database of one test: a copy of a template with the whole schema, reached through PgBouncer, dropped afterwards.
///
/// The servers are named by variables that `make test` sets. Without them a database test fails; it is never left out.
public struct TestDatabase: Sendable {
    /// Name of the database.
    public let name: String
    /// The servers.
    public let server: TestDatabaseServer
    /// Running, through PgBouncer.
    public let brotr: Brotr

    /// Brotr's pool.
    public var pool: Pool { brotr.pool }

    /// Settings of a further pool for the same database: through PgBouncer, or straight to PostgreSQL.
    public func settings(direct: Bool = false) -> PoolSettings { server.settings(database: name, direct: direct) }

    /// A further pool, not running yet.
    public func makePool(
        direct: Bool = false, clock: PoolClock = PoolClock(ContinuousClock()),
        _ change: (inout PoolSettings) -> Void = { _ in }
    ) -> Pool {
        var settings = settings(direct: direct)
        change(&settings)
        return Pool(
            settings: settings, password: server.password, applicationName: name,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: clock)
    }
}

/// Runs the body with a database of its own.
/// - Parameter own: servers of the test's own; without them those that all tests share.
/// - Throws: `TestDatabaseServer.Missing` without servers; `DatabaseError`; what the body throws.
@discardableResult
public func withTestDatabase<Value>(
    on own: TestDatabaseServer? = nil, isolation: isolated (any Actor)? = #isolation,
    _ change: (inout BrotrSettings) -> Void = { _ in }, _ body: (TestDatabase) async throws -> Value
) async throws -> Value {
    let server = try own ?? TestDatabaseServer()
    await TestDatabaseGate.shared.enter()
    defer { TestDatabaseGate.shared.leave() }
    let template = try await server.template()
    let name = server.freshName()
    try await server.run("CREATE DATABASE \(name) TEMPLATE \(template)")
    var settings = BrotrSettings()
    settings.pool = server.settings(database: name, direct: false)
    change(&settings)
    let brotr = Brotr(
        settings: settings, password: server.password, applicationName: name,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let outcome: Result<Value, any Error>
    do {
        outcome = .success(
            try await brotr.withRunning { try await body(TestDatabase(name: name, server: server, brotr: brotr)) })
    } catch {
        outcome = .failure(error)
    }
    // PgBouncer keeps server connections for a while; they must not hold the database.
    try await server.run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
    return try outcome.get()
}

/// The PostgreSQL and the PgBouncer that tests are given.
public struct TestDatabaseServer: Sendable {
    /// A variable is missing.
    public struct Missing: Error, CustomStringConvertible {
        /// Which one, and what to do.
        public let description: String
    }

    /// Address of both.
    public let host: String
    /// PgBouncer in transaction mode.
    public let port: Int
    /// PostgreSQL itself.
    public let directPort: Int
    /// A superuser.
    public let user: String
    /// Its password.
    public let password: Secret
    /// Whether all tests of the process use it.
    let isShared: Bool

    /// From the environment of the tests.
    public init() throws {
        host = try Self.variable("HOST")
        port = try Self.number("PORT")
        directPort = try Self.number("DIRECT_PORT")
        user = try Self.variable("USER")
        password = Secret(try Self.variable("PASSWORD"))
        isShared = true
    }

    /// Servers of one test, on loopback.
    init(port: Int, directPort: Int, user: String, password: Secret) {
        (host, isShared) = ("127.0.0.1", false)
        (self.port, self.directPort, self.user, self.password) = (port, directPort, user, password)
    }

    /// Few connections: many tests run at once.
    public func settings(database: String, direct: Bool) -> PoolSettings {
        var settings = PoolSettings()
        settings.database.host = host
        settings.database.port = direct ? directPort : port
        settings.database.database = database
        settings.database.user = user
        settings.limits.minSize = 0
        settings.limits.maxSize = 4
        return settings
    }

    /// Runs one statement outside any transaction, on PostgreSQL itself.
    public func run(_ sql: String, database: String = "postgres") async throws {
        try await withConnection(database: database) { connection in
            try await connection.query(NamedStatement("test", sql), timeout: .seconds(60))
        }
    }

    /// Lends a fresh connection to PostgreSQL itself.
    @discardableResult
    public func withConnection<Value>(
        isolation: isolated (any Actor)? = #isolation, database: String = "postgres",
        _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let options = settings(database: database, direct: true).options(password: password, applicationName: "test")
        let connection = try PostgresConnection(options)
        try await connection.open()
        do {
            let result = try await body(connection)
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw error
        }
    }

    /// A name that no other test process uses.
    func freshName() -> String {
        let number = Self.counter.wrappingAdd(1, ordering: .relaxed).newValue
        return "test_\(getpid())_\(number)_\(UInt32.random(in: 0 ... .max))"
    }

    private static let counter = Atomic<Int>(0)

    private static func variable(_ name: String) throws -> String {
        let name = "BIGBROTR_TEST_DB_\(name)"
        guard let text = getenv(name).map({ String(cString: $0) }), !text.isEmpty else {
            throw Missing(description: "\(name) is not set: run the tests by `make test`, which starts the servers")
        }
        return text
    }

    private static func number(_ name: String) throws -> Int {
        let text = try variable(name)
        guard let number = Int(text) else {
            throw Missing(description: "BIGBROTR_TEST_DB_\(name) is no number: \(text)")
        }
        return number
    }
}

/// Lets a few tests at a time have a database: all at once would mostly wait for each other's logins.
final class TestDatabaseGate: Sendable {
    static let shared = TestDatabaseGate()

    private struct State {
        var free = 6
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
