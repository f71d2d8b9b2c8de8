import Settings
import Support
import Testing

@testable import Database

/// Servers that go away, refuse, or say nothing, between the pool and PgBouncer or PostgreSQL.
@Suite struct PoolFailureTests {
    private func makePool(
        _ database: TestDatabase, _ proxy: CuttableProxy, _ change: (inout PoolSettings) -> Void = { _ in }
    ) -> Pool {
        database.makePool {
            $0.database.host = "127.0.0.1"
            $0.database.port = proxy.port
            $0.retry.initialDelay = 0.05
            $0.retry.maxDelay = 0.2
            change(&$0)
        }
    }

    @Test func `connections that were cut while idle are replaced unnoticed`() async throws {
        try await withTestDatabase { database in
            let proxy = try CuttableProxy(target: database.server.port)
            defer { proxy.set(.stopped) }
            let pool = makePool(database, proxy) { $0.limits.maxSize = 2 }
            try await pool.withRunning {
                try await pool.fetch("CREATE TABLE t (x int)")
                for round in 1...5 {
                    proxy.cut()
                    // Not idempotent, and sent again all the same: it has not reached the server.
                    try await self.eventually { try await pool.fetch("INSERT INTO t VALUES (1)") }
                    let count = try await pool.fetch("SELECT count(*) FROM t").only("t").decode(Int.self, at: 0)
                    #expect(count == round)
                }
            }
        }
    }

    /// A cut needs a moment to arrive; a statement on its way in that moment is lost, and that is told.
    private func eventually(_ body: () async throws -> some Any) async throws {
        do { _ = try await body() } catch let error as DatabaseError
            where error.kind == .connectionLost && !error.wasSent
        {
            _ = try await body()
        }
    }

    @Test func `a statement whose connection dies is repeated only when that does no harm`() async throws {
        try await withTestDatabase { database in
            for isIdempotent in [true, false] {
                let mark = "mark_\(isIdempotent)"
                try await database.pool.fetch("DROP TABLE IF EXISTS killed")
                try await database.pool.fetch("CREATE TABLE killed ()")
                // The first time it takes long, the second time it does not.
                let statement = NamedStatement(
                    "slow",
                    """
                    SELECT pg_sleep(CASE WHEN EXISTS (SELECT FROM killed) THEN 0 ELSE 60 END) /* \(mark) */
                    """, isIdempotent: isIdempotent)
                let pool = database.makePool(direct: true) { $0.limits.maxSize = 1 }
                try await pool.withRunning {
                    let task = Task { try await pool.fetch(statement) }
                    try await killBackend(database, mark)
                    if isIdempotent {
                        let rows = try await task.value
                        #expect(rows.count == 1)
                    } else {
                        let error = await #expect(throws: DatabaseError.self) { try await task.value }
                        #expect(error?.kind == .connectionLost)
                        #expect(error?.wasSent == true)
                    }
                }
            }
        }
    }

    private func killBackend(_ database: TestDatabase, _ mark: String) async throws {
        try await waitUntilActive(database, mark)
        try await database.pool.fetch("INSERT INTO killed DEFAULT VALUES")
        try await database.pool.fetch(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE query LIKE '%' || $1 || '%' AND state = 'active' AND wait_event = 'PgSleep'
                   AND pid <> pg_backend_pid()
            """, .text(mark))
    }

    /// Asleep, and not only begun: what it reads before it sleeps is about to change.
    private func waitUntilActive(_ database: TestDatabase, _ mark: String) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            let found = try await database.pool.fetch(
                """
                SELECT FROM pg_stat_activity
                 WHERE query LIKE '%' || $1 || '%' AND state = 'active' AND wait_event = 'PgSleep'
                       AND pid <> pg_backend_pid()
                """, .text(mark))
            if !found.isEmpty { return }
        }
        Issue.record("nothing with \(mark) ran")
    }

    @Test func `a server that comes late is waited for`() async throws {
        try await withTestDatabase { database in
            let proxy = try CuttableProxy(target: database.server.port)
            defer { proxy.set(.stopped) }
            proxy.set(.refusing)
            let pool = makePool(database, proxy) { $0.retry.maxAttempts = 100 }
            try await pool.withRunning {
                let task = Task { try await pool.fetch("SELECT 1") }
                while pool.status.waiting == 0 { await Task.yield() }
                proxy.set(.forwarding)
                let rows = try await task.value
                #expect(rows.count == 1)
            }
        }
    }

    @Test func `a server that refuses for good is told after the attempts, with the reason`() async throws {
        try await withTestDatabase { database in
            let proxy = try CuttableProxy(target: database.server.port)
            defer { proxy.set(.stopped) }
            proxy.set(.refusing)
            let pool = makePool(database, proxy) { $0.timeouts.acquisition = 300 }
            try await pool.withRunning {
                let start = ContinuousClock.now
                await withTaskGroup(of: DatabaseError.Kind?.self) { group in
                    for _ in 0..<20 {
                        group.addTask {
                            do { try await pool.fetch("SELECT 1") } catch { return (error as? DatabaseError)?.kind }
                            return nil
                        }
                    }
                    for await kind in group { #expect(kind == .connectionFailed) }
                }
                #expect(ContinuousClock.now - start < .seconds(120), "long before the acquisition timeout")
                proxy.set(.forwarding)
                let rows = try await pool.fetch("SELECT 1")
                #expect(rows.count == 1, "and it recovers")
            }
        }
    }

    @Test func `a server that says nothing costs the deadline and the grace, no more`() async throws {
        try await withTestDatabase { database in
            let proxy = try CuttableProxy(target: database.server.port)
            defer { proxy.set(.stopped) }
            let pool = makePool(database, proxy) { $0.limits.maxSize = 1 }
            try await pool.withRunning {
                try await pool.fetch("SELECT 1")
                proxy.set(.swallowing)
                let start = ContinuousClock.now
                let error = await #expect(throws: DatabaseError.self) {
                    try await pool.fetch("SELECT 2", timeout: .milliseconds(200))
                }
                #expect(error?.kind == .deadlineExceeded)
                // The deadline, then two seconds in which the server could have answered the request to stop.
                #expect(ContinuousClock.now - start < .seconds(60), "nothing else would ever have ended it")
                proxy.set(.forwarding)
                let rows = try await pool.fetch("SELECT 1")
                #expect(rows.count == 1)
            }
        }
    }

    @Test func `idle connections that say nothing are found by the health check`() async throws {
        try await withTestDatabase { database in
            let proxy = try CuttableProxy(target: database.server.port)
            defer { proxy.set(.stopped) }
            let time = ManualClock()
            let pool = database.makePool(clock: PoolClock(time)) {
                $0.database.host = "127.0.0.1"
                $0.database.port = proxy.port
                $0.timeouts.healthCheck = 0.2
                $0.limits.minSize = 1
                $0.limits.maxSize = 1
            }
            try await pool.withRunning {
                try await pool.fetch("SELECT 1")
                let before = proxy.accepted
                proxy.set(.swallowing)
                await time.waitForSleepers()
                time.advance(by: .seconds(31))
                // While nothing is forwarded the replacement cannot log in either, so the size goes to zero.
                let deadline = ContinuousClock.now + .seconds(10)
                while pool.status.size > 0, ContinuousClock.now < deadline { await Task.yield() }
                #expect(pool.status.size == 0)
                proxy.set(.forwarding)
                let rows = try await pool.fetch("SELECT 1")
                #expect(rows.count == 1)
                #expect(proxy.accepted > before)
            }
        }
    }

    @Test func `a server that restarts ends no work for good`() async throws {
        try await withTestDatabase { database in
            let pool = database.makePool(direct: true) {
                $0.limits.maxSize = 5
                $0.retry.initialDelay = 0.05
                $0.retry.maxDelay = 0.2
                $0.retry.maxAttempts = 50
            }
            let statement = NamedStatement("read", "SELECT 1", isIdempotent: true)
            try await pool.withRunning {
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<20 {
                        group.addTask {
                            for _ in 0..<50 { try await pool.fetch(statement) }
                            return 50
                        }
                    }
                    // What a restart does to clients: every backend ends, and for a while nobody may connect.
                    for _ in 0..<3 {
                        try await database.server.run("ALTER DATABASE \(database.name) ALLOW_CONNECTIONS false")
                        try await database.server.run(
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(database.name)'")
                        try await database.server.run("ALTER DATABASE \(database.name) ALLOW_CONNECTIONS true")
                    }
                    let done = try await group.reduce(0, +)
                    #expect(done == 1000)
                }
            }
        }
    }
}
