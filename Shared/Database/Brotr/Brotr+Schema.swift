/// What the gate of every service asks before it works.
extension Brotr {
    /// Migrations that are in the database.
    static let schemaVersions = NamedStatement(
        "schema_versions", "SELECT version, name, checksum FROM public.schema_migrations ORDER BY version",
        columns: [.int4, .text, .bytea], isIdempotent: true)

    /// The migrations the database has, ascending; empty when there is no schema yet.
    /// - Throws: `DatabaseError` when the database cannot be asked.
    public func schemaVersions() async throws -> [SchemaVersion] {
        do {
            return try await pool.fetch(Self.schemaVersions).map(SchemaVersion.init)
        } catch let error as DatabaseError where error.sqlState == "42P01" {
            return []
        }
    }

    /// The same inside a transaction, where the table must be there: an error would end the transaction.
    public static func schemaVersions(
        _ connection: PostgresConnection, timeout: Duration
    ) async throws -> [SchemaVersion] {
        try await connection.query(schemaVersions, timeout: timeout).map(SchemaVersion.init)
    }

    /// The newest migration the database has; nil when there is no schema yet.
    public func schemaVersion() async throws -> Int32? { try await schemaVersions().last?.version }

    /// $1 names.
    static let missingProcedures = NamedStatement(
        "missing_procedures",
        """
        SELECT w.name FROM unnest($1::text[]) AS w (name)
         WHERE NOT EXISTS (
            SELECT FROM pg_proc p WHERE p.proname = w.name AND p.pronamespace = 'public'::regnamespace)
         ORDER BY w.name
        """,
        parameters: [.textArray], columns: [.text], isIdempotent: true)

    /// Those of these functions that the database does not have, sorted.
    public func missingProcedures(_ names: [String]) async throws -> [String] {
        try await pool.fetch(Self.missingProcedures, .texts(names)).map { try $0.decode(at: 0) }
    }
}

/// One migration that a database has.
public struct SchemaVersion: Hashable, Sendable {
    /// Number, from 1.
    public var version: Int32
    /// File name without `.sql`.
    public var name: String
    /// SHA-256 of the file.
    public var checksum: [UInt8]

    init(_ row: Row) throws {
        let bytes: Bytea
        (version, name, bytes) = try row.decode(Int32.self, String.self, Bytea.self)
        checksum = bytes.bytes
    }
}
