import Database

/// The SQL of the Initializer.
struct InitializerStore: Sendable {
    let brotr: Brotr

    /// Every statement, for the test that prepares them.
    static let statements = [
        serverFacts, installationLock, hasMigrations, recordMigration, loginVerifiers, existingLogins, createLogin,
        missingObjects, missingOfRelease,
    ]

    /// The server and what this user may do.
    static let serverFacts = NamedStatement(
        "server_facts",
        """
        SELECT current_setting('server_version'), pg_is_in_recovery(), current_user::text, current_database()::text
        """,
        columns: [.text, .bool, .text, .text], isIdempotent: true)

    /// What the server says about itself.
    func serverFacts() async throws -> ServerFacts {
        let rows = try await brotr.pool.fetch(Self.serverFacts)
        guard let row = rows.first else { throw DatabaseError(.decoding, step: Self.serverFacts.name) }
        let (version, isStandby, user, database) = try row.decode(String.self, Bool.self, String.self, String.self)
        return ServerFacts(version: version, isStandby: isStandby, user: user, database: database)
    }

    /// One Initializer at a time in this database; the lock goes with the transaction.
    static let installationLock = NamedStatement(
        "installation_lock", "SELECT pg_advisory_xact_lock(16962, 3)", columns: [.void])

    /// Runs the body in a transaction that no other Initializer's overlaps.
    /// - Parameter timeout: for the wait and for each statement.
    func withInstallationLock<Result>(
        timeout: Duration, isolation: isolated (any Actor)? = #isolation,
        _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        try await brotr.pool.withTransaction { connection in
            try await connection.query(Self.installationLock, timeout: timeout)
            return try await body(connection)
        }
    }

    /// Whether the table of migrations is there.
    static let hasMigrations = NamedStatement(
        "has_migrations", "SELECT to_regclass('public.schema_migrations') IS NOT NULL", columns: [.bool],
        isIdempotent: true)

    /// The migrations the database has, ascending; empty without a schema.
    func appliedMigrations(
        _ connection: PostgresConnection, timeout: Duration
    ) async throws -> [InitializerPlan.Migration] {
        let found = try await connection.query(Self.hasMigrations, timeout: timeout)
        guard try found.first?.decode(Bool.self, at: 0) == true else { return [] }
        return try await Brotr.schemaVersions(connection, timeout: timeout).map {
            InitializerPlan.Migration(version: $0.version, name: $0.name, checksum: $0.checksum)
        }
    }

    /// $1 version, $2 name, $3 checksum.
    static let recordMigration = NamedStatement(
        "record_migration", "INSERT INTO public.schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
        parameters: [.int4, .text, .bytea])

    /// Records a migration in the transaction that ran it.
    func record(
        _ migration: InitializerPlan.Migration, _ connection: PostgresConnection, timeout: Duration
    ) async throws {
        try await connection.query(
            Self.recordMigration, .int4(migration.version), .text(migration.name), .bytea(migration.checksum),
            timeout: timeout)
    }
}

/// What a server says about itself.
struct ServerFacts: Sendable, Equatable {
    /// "15.8 (Debian 15.8-0+deb12u1)".
    var version: String
    /// It only follows another server.
    var isStandby: Bool
    /// Whom this process is logged in as.
    var user: String
    /// Name of the database.
    var database: String
}
