import Support
import Testing

@testable import Database

/// Every statement of the module on the real schema, through PgBouncer.
@Suite struct BrotrStatementTests {
    @Test func `each statement has the types it says`() async throws {
        try await withTestDatabase { database in
            let types = try await database.pool.namedTypes()
            for statement in Brotr.statements {
                let found = try await database.pool.withConnection { try await $0.describe(statement) }
                let parameters = statement.parameters.map { types[$0] ?? $0.identifier }
                #expect(found.parameters == parameters, "parameters of \(statement)")
                #expect(found.columns == statement.columns.map(\.identifier), "columns of \(statement)")
            }
        }
    }

    @Test func `names of statements are snake_case`() {
        for statement in Brotr.statements { #expect(ProcedureNames.isName(statement.name), "\(statement.name)") }
    }

    @Test func `a statement with other names calls other functions`() throws {
        var names = ProcedureNames()
        names.commitPages = "commit_pages_v2"
        let statement = try #require(Brotr.statements(names).first { $0.name == "commit_pages" })
        #expect(statement.sql.contains("commit_pages_v2($1, "))
        #expect(statement.parameters.count == 57)
    }

    @Test func `describing a statement leaves the connection as it was`() async throws {
        try await withTestDatabase { database in
            try await database.pool.withConnection { connection in
                let found = try await connection.describe("SELECT $1::int + 1 AS n, 'a'::text")
                #expect(found.parameters == [23])
                #expect(found.columns == [23, 25])
                #expect(!connection.isInTransaction)
                await #expect(throws: DatabaseError.self) { try await connection.describe("SELECT no_such_column") }
                #expect(!connection.isInTransaction)
                try await connection.query("SELECT 1")
            }
        }
    }

    @Test func `configured procedures are checked against the catalogue`() async throws {
        try await withTestDatabase { database in
            let missing = try await database.brotr.missingProcedures(["insert_relay", "not_there", "also_not_there"])
            #expect(missing == ["also_not_there", "not_there"])
        }
    }

    @Test func `a database without a schema has no version`() async throws {
        try await withTestDatabase { database in
            let version = try await database.brotr.schemaVersion()
            #expect(version == nil || version == 1)
            try await database.pool.fetch("DROP TABLE schema_migrations")
            let none = try await database.brotr.schemaVersion()
            #expect(none == nil)
        }
    }

    @Test func `the newest migration is the version`() async throws {
        try await withTestDatabase { database in
            try await database.pool.fetch("DELETE FROM schema_migrations")
            try await database.pool.fetch(
                "INSERT INTO schema_migrations (version, name, checksum) VALUES (1, '0001_a', $1), (2, '0002_b', $1)",
                .bytea([UInt8](repeating: 7, count: 32)))
            let versions = try await database.brotr.schemaVersions()
            #expect(versions.map(\.version) == [1, 2])
            #expect(versions.last?.name == "0002_b")
            #expect(versions.last?.checksum == [UInt8](repeating: 7, count: 32))
        }
    }
}
