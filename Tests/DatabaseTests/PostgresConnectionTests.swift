import Glibc
import Settings
import Support
import Testing

@testable import Database

/// One connection against the real server: what ends a statement, and what is left afterwards.
@Suite struct PostgresConnectionTests {
    /// An open connection to the test's database, through PgBouncer or straight.
    private func withConnection(
        _ database: TestDatabase, direct: Bool = false, _ change: (inout ConnectionOptions) -> Void = { _ in },
        _ body: (PostgresConnection) async throws -> Void
    ) async throws {
        var options = database.settings(direct: direct)
            .options(password: database.server.password, applicationName: database.name)
        change(&options)
        let connection = try PostgresConnection(options)
        try await connection.open()
        try await body(connection)
        await connection.close()
    }

    /// Returns once the server runs a statement with this mark, or no longer does.
    private func waitUntil(_ database: TestDatabase, running isRunning: Bool, _ mark: String) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            let rows = try await database.pool.fetch(
                """
                SELECT FROM pg_stat_activity
                 WHERE query LIKE '%' || $1 || '%' AND state = 'active' AND pid <> pg_backend_pid()
                """,
                .text(mark))
            if rows.isEmpty != isRunning { return }
            await Task.yield()
        }
        Issue.record("the server \(isRunning ? "never ran" : "still runs") \(mark)")
    }

    @Test(arguments: [false, true]) func `a cancelled task stops the statement on the server`(direct: Bool) async throws
    {
        try await withTestDatabase { database in
            try await withConnection(database, direct: direct) { connection in
                let task = Task { try await connection.query("SELECT pg_sleep(600) /* mark_cancel */") }
                try await waitUntil(database, running: true, "mark_cancel")
                let start = ContinuousClock.now
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
                #expect(ContinuousClock.now - start < .seconds(120), "long before it would have ended")
                try await waitUntil(database, running: false, "mark_cancel")
                #expect(!connection.isUsable, "a late request could hit the next statement")
            }
        }
    }

    @Test(arguments: [false, true]) func `a deadline stops the statement on the server`(direct: Bool) async throws {
        try await withTestDatabase { database in
            try await withConnection(database, direct: direct) { connection in
                let start = ContinuousClock.now
                let error = await #expect(throws: DatabaseError.self) {
                    try await connection.query("SELECT pg_sleep(600) /* mark_deadline */", timeout: .milliseconds(300))
                }
                #expect(error?.kind == .deadlineExceeded)
                #expect(error?.disposition == .retry(after: .seconds(1)))
                #expect(ContinuousClock.now - start >= .milliseconds(300))
                #expect(ContinuousClock.now - start < .seconds(120), "long before it would have ended")
                try await waitUntil(database, running: false, "mark_deadline")
                #expect(!connection.isUsable)
            }
        }
    }

    @Test func `a task cancelled before the call sends nothing`() async throws {
        try await withTestDatabase { database in
            try await withConnection(database) { connection in
                let task = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    try await connection.query("CREATE TABLE must_not_be ()")
                }
                await #expect(throws: CancellationError.self) { try await task.value }
                #expect(connection.isUsable, "nothing was sent, nothing is in doubt")
                let row = try await connection.query("SELECT to_regclass('must_not_be') IS NULL").only("t")
                #expect(try row.decode(Bool.self, at: 0))
            }
        }
    }

    @Test func `a statement that was in time leaves the connection usable`() async throws {
        try await withTestDatabase { database in
            try await withConnection(database) { connection in
                for _ in 0..<100 { try await connection.query("SELECT 1", timeout: .seconds(5)) }
                #expect(connection.isUsable)
                #expect(connection.statementCount == 100)
            }
        }
    }

    @Test func `a backend that was ended is found before anything is sent`() async throws {
        try await withTestDatabase { database in
            try await withConnection(database, direct: true) { connection in
                let pid = try await connection.query("SELECT pg_backend_pid()").only("t").decode(Int32.self, at: 0)
                try await database.server.run("SELECT pg_terminate_backend(\(pid), 5000)")
                let error = await #expect(throws: DatabaseError.self) { try await connection.query("SELECT 1") }
                #expect(error?.kind == .connectionLost)
                #expect(error?.wasSent == false)
                #expect(!connection.isUsable)
            }
        }
    }

    @Test func `a backend that is ended while it works is a lost connection`() async throws {
        try await withTestDatabase { database in
            try await withConnection(database, direct: true) { connection in
                let pid = try await connection.query("SELECT pg_backend_pid()").only("t").decode(Int32.self, at: 0)
                let task = Task { try await connection.query("SELECT pg_sleep(600) /* mark_kill */") }
                try await waitUntil(database, running: true, "mark_kill")
                try await database.server.run("SELECT pg_terminate_backend(\(pid), 5000)")
                let error = await #expect(throws: DatabaseError.self) { try await task.value }
                #expect(error?.kind == .connectionLost)
                #expect(error?.wasSent == true)
            }
        }
    }

    @Test func `a wrong password is told apart and not shown`() async throws {
        try await withTestDatabase { database in
            for direct in [false, true] {
                let error = await #expect(throws: DatabaseError.self) {
                    try await withConnection(database, direct: direct) {
                        $0.password = Secret("not-the-password")
                    } _: { _ in
                    }
                }
                #expect(error?.kind == .authenticationFailed, "\(String(describing: error))")
                #expect(error.map { "\($0)".contains("not-the-password") } == false)
            }
        }
    }

    @Test func `a missing database and a closed port are failed connections`() async throws {
        try await withTestDatabase { database in
            let missing = await #expect(throws: DatabaseError.self) {
                try await withConnection(database, direct: true) {
                    $0.database = "no_such_database"
                } _: { _ in
                }
            }
            #expect(missing?.kind == .connectionFailed)
            let closed = await #expect(throws: DatabaseError.self) {
                try await withConnection(database) {
                    $0.port = 1
                } _: { _ in
                }
            }
            #expect(closed?.kind == .connectionFailed)
        }
    }

    @Test func `a script runs as one transaction and says where it failed`() async throws {
        try await withTestDatabase { database in
            try await withConnection(database) { connection in
                try await connection.runScript(
                    "CREATE TABLE a (x int); INSERT INTO a VALUES (1), (2);", name: "one.sql")
                let error = await #expect(throws: DatabaseError.self) {
                    try await connection.runScript(
                        "INSERT INTO a VALUES (3); SELECT no_such_function();", name: "two.sql")
                }
                #expect(error?.step == "two.sql")
                #expect(error?.sqlState == "42883")
                #expect(error?.detail?.contains("no_such_function") == true)
                let count = try await connection.query("SELECT count(*) FROM a").only("t").decode(Int.self, at: 0)
                #expect(count == 2)
            }
        }
    }

    @Test func `an empty array of bytes is not NULL`() async throws {
        try await withTestDatabase { database in
            try await withConnection(database) { connection in
                let row = try await connection.query("SELECT octet_length($1), $2 = ''", .bytea([]), .text("")).only(
                    "t")
                let (length, isEmpty) = try row.decode(Int32.self, Bool.self)
                #expect(length == 0)
                #expect(isEmpty)
            }
        }
    }

    @Test(arguments: [1, 16, 64]) func `large values go both ways`(mebibytes: Int) async throws {
        try await withTestDatabase { database in
            try await withConnection(database) { connection in
                let bytes = [UInt8](repeating: 0xA5, count: mebibytes << 20)
                let row = try await connection.query("SELECT $1 || '\\x00'", .bytea(bytes), timeout: .seconds(60)).only(
                    "t")
                let found = try row.decode(Bytea.self, at: 0)
                #expect(found.bytes.count == bytes.count + 1)
                #expect(memcmp(found.bytes, bytes, bytes.count) == 0)
            }
        }
    }

    @Test func `many rows are read in order`() async throws {
        try await withTestDatabase { database in
            try await withConnection(database) { connection in
                let rows = try await connection.query("SELECT n, 'row ' || n FROM generate_series(1, 100000) AS g (n)")
                #expect(rows.count == 100_000)
                for (place, row) in rows.enumerated() where place % 9973 == 0 {
                    let (number, text) = try row.decode(Int.self, String.self)
                    #expect(number == place + 1)
                    #expect(text == "row \(place + 1)")
                }
            }
        }
    }

    @Test func `a column that is not there and a NULL are errors, not traps`() async throws {
        try await withTestDatabase { database in
            try await withConnection(database) { connection in
                let row = try await connection.query("SELECT NULL::int AS nothing").only("t")
                #expect(throws: DatabaseError.self) { try row.decode(Int.self, at: 1) }
                #expect(throws: DatabaseError.self) { try row.decode(Int.self, at: -1) }
                let error = #expect(throws: DatabaseError.self) { try row.decode(Int.self, at: 0) }
                #expect(error?.object == "nothing")
            }
        }
    }

    @Test func `COPY is refused and the connection given up`() async throws {
        try await withTestDatabase { database in
            try await withConnection(database) { connection in
                await #expect(throws: DatabaseError.self) {
                    try await connection.query("COPY (SELECT 1) TO STDOUT", timeout: .seconds(5))
                }
                #expect(!connection.isUsable)
            }
        }
    }
}
