import Logging
import Settings
import Support
import Synchronization
import Testing

@testable import Database

/// The pool against the real servers, through PgBouncer.
@Suite struct PoolTests {
    @Test func `200 tasks share 10 connections`() async throws {
        try await withTestDatabase { database in
            let pool = database.makePool { $0.limits.maxSize = 10 }
            try await pool.withRunning {
                let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in 0..<200 {
                        group.addTask {
                            var sum = 0
                            for _ in 0..<5 {
                                sum += try await pool.fetch("SELECT $1 + 0", .int4(Int32(number))).only("t").decode(
                                    at: 0)
                            }
                            return sum
                        }
                    }
                    return try await group.reduce(0, +)
                }
                #expect(sum == 5 * 199 * 100)
                #expect(pool.status.size <= 10)
                #expect(pool.status.inUse == 0)
                #expect(pool.status.waiting == 0)
            }
            #expect(pool.status.size == 0)
        }
    }

    @Test func `who waits too long learns it and the pool goes on`() async throws {
        try await withTestDatabase { database in
            let pool = database.makePool {
                $0.limits.maxSize = 1
                $0.timeouts.acquisition = 2
                $0.retry.initialDelay = 0.1
            }
            try await pool.withRunning {
                try await pool.withConnection { connection in
                    let start = ContinuousClock.now
                    let error = await #expect(throws: DatabaseError.self) { try await pool.fetch("SELECT 1") }
                    #expect(error?.kind == .acquisitionTimeout)
                    #expect(ContinuousClock.now - start >= .seconds(2))
                    _ = try await connection.query("SELECT 1")
                }
                let rows = try await pool.fetch("SELECT 1")
                #expect(rows.count == 1)
            }
        }
    }

    @Test func `who is cancelled while waiting leaves the line`() async throws {
        try await withTestDatabase { database in
            let pool = database.makePool { $0.limits.maxSize = 1 }
            try await pool.withRunning {
                try await pool.withConnection { _ in
                    let task = Task { try await pool.fetch("SELECT 1") }
                    while pool.status.waiting == 0 { await Task.yield() }
                    task.cancel()
                    await #expect(throws: CancellationError.self) { try await task.value }
                    #expect(pool.status.waiting == 0)
                }
                try await pool.fetch("SELECT 1")
            }
        }
    }

    @Test func `a task that is cancelled already gets no connection`() async throws {
        try await withTestDatabase { database in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await database.pool.fetch("SELECT 1")
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(database.pool.status.inUse == 0)
        }
    }

    @Test func `connections that ran enough statements are replaced`() async throws {
        try await withTestDatabase { database in
            let pool = database.makePool(direct: true) {
                $0.limits.maxSize = 1
                $0.limits.maxQueries = 10
            }
            try await pool.withRunning {
                var backends: Set<Int32> = []
                for _ in 0..<50 {
                    backends.insert(try await pool.fetch("SELECT pg_backend_pid()").only("t").decode(at: 0))
                }
                #expect(backends.count == 5)
            }
        }
    }

    @Test func `the smallest number is there without being asked for`() async throws {
        try await withTestDatabase { database in
            let pool = database.makePool { $0.limits.minSize = 3 }
            try await pool.withRunning {
                let deadline = ContinuousClock.now + .seconds(10)
                while pool.status.idle < 3, ContinuousClock.now < deadline { await Task.yield() }
                #expect(pool.status == PoolStatus(.init(live: 3, pending: 0, idle: 3, leased: 0, waiting: 0)))
            }
        }
    }

    @Test func `a connection left in a transaction is not lent again`() async throws {
        try await withTestDatabase { database in
            try await database.pool.fetch("CREATE TABLE t (x int)")
            try await database.pool.withConnection { connection in
                try await connection.query("BEGIN")
                try await connection.query("INSERT INTO t VALUES (1)")
            }
            let rows = try await database.pool.fetch("SELECT x FROM t")
            #expect(rows.isEmpty)
        }
    }

    @Test func `the end of the pool closes every connection`() async throws {
        try await withTestDatabase { database in
            let pool = Pool(
                settings: database.settings(direct: true), password: database.server.password,
                applicationName: "closing_\(database.name)", logger: .init(label: "t"))
            try await pool.withRunning { try await pool.fetch("SELECT 1") }
            let deadline = ContinuousClock.now + .seconds(5)
            var left = 1
            while left > 0, ContinuousClock.now < deadline {
                left = try await database.pool.fetch(
                    "SELECT FROM pg_stat_activity WHERE application_name = $1", .text("closing_\(database.name)")
                ).count
            }
            #expect(left == 0)
            let error = await #expect(throws: DatabaseError.self) { try await pool.fetch("SELECT 1") }
            #expect(error?.kind == .poolClosed)
        }
    }

    @Test func `the end of the pool stops what still runs`() async throws {
        try await withTestDatabase { database in
            let pool = database.makePool()
            let start = ContinuousClock.now
            let late = Mutex<Task<Void, any Error>?>(nil)
            try await pool.withRunning {
                let task = Task { _ = try await pool.fetch("SELECT pg_sleep(600)") }
                late.withLock { $0 = task }
                while pool.status.inUse == 0 { await Task.yield() }
            }
            #expect(ContinuousClock.now - start < .seconds(300), "long before the statement would have ended")
            let task = try #require(late.withLock { $0 })
            await #expect(throws: (any Error).self) { try await task.value }
        }
    }

    @Test func `a pool is closed when its body throws`() async throws {
        struct Mark: Error {}
        try await withTestDatabase { database in
            let pool = database.makePool()
            await #expect(throws: Mark.self) { try await pool.withRunning { throw Mark() } }
            let error = await #expect(throws: DatabaseError.self) { try await pool.fetch("SELECT 1") }
            #expect(error?.kind == .poolClosed)
        }
    }

    @Test func `a pool is made from a dictionary, and what is wrong in it is named`() throws {
        let pool = try Pool(
            dictionary: ["limits": ["min_size": 1, "max_size": 2], "database": ["host": "db", "port": 6432]],
            password: nil, logger: .init(label: "t"))
        #expect(pool.settings.limits.maxSize == 2)
        #expect(pool.settings.database.host == "db")
        #expect(throws: (any Error).self) {
            try Pool(dictionary: ["limits": ["max_sise": 2]], password: nil, logger: .init(label: "t"))
        }
        #expect(throws: (any Error).self) {
            try Pool(dictionary: ["limits": ["min_size": 30]], password: nil, logger: .init(label: "t"))
        }
    }
}
