import Database
import Foundation
import NIOConcurrencyHelpers
import Nostr
import Support
import Testing

/// A database of one test and the services that run on it, through PgBouncer, with a login that has a service's rights.
final class Fleet: Sendable {
    /// The database.
    let database: TestDatabase
    private let instance: Instance
    /// The services that have logins of their own; a process of any other is given the first one's.
    private let services: [FleetService]
    private let processes = NIOLockedValueBox<[ServiceProcess]>([])

    init(database: TestDatabase, services: [FleetService] = [.synchronizer]) throws {
        self.database = database
        self.services = services
        instance = try Instance(password: "fleet-\(UInt64.random(in: 0 ... .max))")
    }

    /// Local relays are allowed: they are all that tests have.
    static let local = "networks:\n  local:\n    enabled: true\n"

    /// The login of this fleet's first service: in that service's group, as its own login is, and of no other test.
    var user: String { "fleet_\(database.name)" }

    private func user(of service: FleetService) -> String {
        services.dropFirst().contains(service) ? "\(user)_\(service.rawValue)" : user
    }

    func createLogins() async throws {
        for service in services {
            let user = user(of: service)
            try await database.server.run("CREATE ROLE \(user) LOGIN PASSWORD '\(instance.password)'")
            try await database.server.run("GRANT bigbrotr_writer_\(service.rawValue) TO \(user)")
        }
    }

    func dropLogins() async throws {
        for service in services { try await database.server.run("DROP ROLE IF EXISTS \(user(of: service))") }
    }

    /// Starts a service on the database.
    /// - Parameters:
    ///   - own: its own file.
    ///   - core: further sections of the core file.
    ///   - direct: straight to PostgreSQL.
    ///   - environment: beside the password.
    func start(
        _ service: FleetService = .synchronizer, own: String, core: String = local, arguments: [String] = [],
        direct: Bool = false, environment: [String: String] = [:]
    ) throws -> ServiceProcess {
        let server = database.server
        let text = Instance.core(
            host: server.host, port: direct ? server.directPort : server.port, database: database.name,
            user: user(of: service), more: core)
        // A folder of its own: files of two processes may differ.
        let process = try Instance(password: instance.password).start(
            service, core: text, own: own, arguments: arguments + ["--log-level", "DEBUG"],
            environment: environment)
        processes.withLockedValue { $0.append(process) }
        return process
    }

    /// Runs one cycle and expects it to be good.
    @discardableResult
    func runOnce(
        own: String, core: String = local, within limit: Duration = .seconds(180),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> ServiceProcess {
        let process = try start(own: own, core: core, arguments: ["--once"])
        #expect(try await process.exit(within: limit) == 0, "\(process.everything)", sourceLocation: sourceLocation)
        return process
    }

    /// Ends what still runs, at once.
    func end() async throws {
        let left = processes.withLockedValue { $0 }
        for process in left { process.send(signal: SIGKILL) }
        for process in left { _ = try await process.exit() }
    }

    /// Puts relays into the database and gives their numbers.
    @discardableResult
    func add(_ urls: [String]) async throws -> [Int32] {
        let list = RelayRecord.build(urls: urls, at: UnixTime(seconds: 1_700_000_000))
        try #require(list.rejected.isEmpty && list.duplicates == 0)
        return try await database.brotr.insertRelays(list.records).map(\.relay.value)
    }

    /// Lets time pass: every free relay is due now, or in so many seconds.
    func makeDue(in seconds: Int = 0) async throws {
        let move = NamedStatement(
            "make_due", "UPDATE relay_sync SET due_at = now() + make_interval(secs => \(seconds)) WHERE owner IS NULL")
        try await database.pool.execute(move)
    }

    /// One number, read by a statement that changes nothing: it is asked again when its connection died.
    func number(_ sql: String) async throws -> Int {
        let rows = try await database.pool.fetch(NamedStatement("number", sql, isIdempotent: true))
        return try rows.first?.decode(Int64.self, at: 0).asInt ?? 0
    }

    /// The first column of a query, texts.
    func texts(_ sql: String) async throws -> [String] {
        try await database.pool.fetch(NamedStatement("texts", sql, isIdempotent: true)).map {
            try $0.decode(String.self, at: 0)
        }
    }

    /// How many events are stored.
    func eventCount() async throws -> Int { try await number("SELECT count(*) FROM events") }

    /// How many relays are read as far as can be now.
    func sealedCount() async throws -> Int {
        try await number(
            "SELECT count(*) FROM relay_sync WHERE sealed_hi IS NOT NULL AND walk_hi IS NULL AND owner IS NULL")
    }

    /// Waits until so many relays are read to the end and nobody works on them.
    func waitUntilSealed(_ count: Int, by processes: [ServiceProcess], within limit: Duration = .seconds(180))
        async throws
    {
        do {
            try await eventually(
                "\(count) relays are read", within: limit,
                found: { processes.map(\.everything).joined(separator: "\n") }
            ) {
                // A process that has not looked at the database yet would not take a signal either.
                let areUp = processes.allSatisfy { !$0.log("schema_ready").isEmpty }
                return try await sealedCount() == count && areUp
            }
        } catch {
            Issue.record("not read: \(try await texts(Self.unfinished).joined(separator: "; "))")
            throw error
        }
    }

    /// Where the relays stand that are not read to the end.
    private static let unfinished = """
        SELECT concat_ws(' ', r.relay_url, 'class', s.class, 'fails', s.fails, 'due in', s.due_at - now(), 'owner',
                         s.owner, 'walk', s.walk_lo, s.walk_hi, 'frontier', s.frontier, 'error', s.last_error)
          FROM relay_sync s JOIN relays r USING (relay_id)
         WHERE s.sealed_hi IS NULL OR s.walk_hi IS NOT NULL OR s.owner IS NOT NULL
        """

    /// What the archive holds now.
    func archive() async throws -> Archive { try await Archive(database.pool) }
}

/// Runs the body with a fleet whose processes and database are gone afterwards.
/// - Parameter servers: servers of the test's own; without them those that all tests share.
func withFleet(
    as services: [FleetService] = [.synchronizer], on servers: TestDatabaseServer? = nil,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (Fleet) async throws -> Void
) async throws {
    try await withTestDatabase(on: servers) { database in
        let fleet = try Fleet(database: database, services: services)
        try await fleet.createLogins()
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(fleet)) } catch { outcome = .failure(error) }
        try await fleet.end()
        try await fleet.dropLogins()
        try outcome.get()
    }
}

/// How much the tests do: small doses find what is wrong on every run, `BIGBROTR_TEST_DOSE=full` takes its time.
enum Dose {
    static let isFull = ProcessInfo.processInfo.environment["BIGBROTR_TEST_DOSE"] == "full"

    /// The number for the dose.
    static func of(_ small: Int, full: Int) -> Int { isFull ? full : small }
}

extension Int64 {
    /// The same number.
    var asInt: Int { Int(self) }
}
