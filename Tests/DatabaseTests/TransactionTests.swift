import Support
import Synchronization
import Testing

@testable import Database

/// Transactions: all or nothing, and what is run again.
@Suite struct TransactionTests {
    private struct Mark: Error {}

    /// A database with a table `t (id int primary key, x int)` of two rows.
    private func withTable(_ body: (TestDatabase) async throws -> Void) async throws {
        try await withTestDatabase { database in
            try await database.pool.fetch("CREATE TABLE t (id int PRIMARY KEY, x int NOT NULL)")
            try await database.pool.fetch("INSERT INTO t VALUES (1, 0), (2, 0)")
            try await body(database)
        }
    }

    private func sum(_ database: TestDatabase) async throws -> Int {
        try await database.pool.fetch("SELECT sum(x) FROM t").only("t").decode(at: 0)
    }

    @Test func `what the body did is there after it returns`() async throws {
        try await withTable { database in
            let answer = try await database.pool.withTransaction { connection in
                try await connection.query("UPDATE t SET x = 1")
                return "done"
            }
            #expect(answer == "done")
            let total = try await sum(database)
            #expect(total == 2)
        }
    }

    @Test func `an error in the body undoes everything and the connection is used again`() async throws {
        try await withTable { database in
            await #expect(throws: Mark.self) {
                try await database.pool.withTransaction { connection in
                    try await connection.query("UPDATE t SET x = 1")
                    throw Mark()
                }
            }
            let total = try await sum(database)
            #expect(total == 0)
            #expect(database.pool.status.size == 1, "one connection did it all")
        }
    }

    @Test func `an error of the server undoes everything`() async throws {
        try await withTable { database in
            let error = await #expect(throws: DatabaseError.self) {
                try await database.pool.withTransaction { connection in
                    try await connection.query("UPDATE t SET x = 1")
                    try await connection.query("INSERT INTO t VALUES (1, 0)")
                }
            }
            #expect(error?.kind == .constraintViolation)
            #expect(error?.object == "t_pkey")
            let total = try await sum(database)
            #expect(total == 0)
        }
    }

    @Test func `a body that hides an error does not commit half of its work`() async throws {
        try await withTable { database in
            let error = await #expect(throws: DatabaseError.self) {
                try await database.pool.withTransaction { connection in
                    try await connection.query("UPDATE t SET x = 1")
                    _ = try? await connection.query("SELECT no_such_column FROM t")
                }
            }
            #expect(error?.kind == .transactionState)
            let total = try await sum(database)
            #expect(total == 0)
        }
    }

    @Test func `a cancelled task undoes everything`() async throws {
        try await withTable { database in
            let pool = database.pool
            let task = Task {
                try await pool.withTransaction { connection in
                    try await connection.query("UPDATE t SET x = 1")
                    withUnsafeCurrentTask { $0?.cancel() }
                    try await connection.query("UPDATE t SET x = 2")
                }
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            let total = try await sum(database)
            #expect(total == 0)
            #expect(pool.status.inUse == 0)
        }
    }

    @Test func `two that lock crosswise both succeed when conflicts are repeated`() async throws {
        try await withTable { database in
            let pool = database.pool
            let attempts = Counter()
            let meeting = Meeting(2)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for order in [[1, 2], [2, 1]] as [[Int32]] {
                    group.addTask {
                        try await pool.withTransaction(TransactionOptions(retriesConflicts: true)) { connection in
                            attempts.add()
                            try await connection.query("UPDATE t SET x = x + 1 WHERE id = $1", .int4(order[0]))
                            await meeting.arrive()
                            try await connection.query("UPDATE t SET x = x + 1 WHERE id = $1", .int4(order[1]))
                        }
                    }
                }
                try await group.waitForAll()
            }
            let total = try await sum(database)
            #expect(total == 4)
            #expect(attempts.value == 3, "one of them was the victim, once")
        }
    }

    @Test func `a conflict is the caller's when it was not asked to be repeated`() async throws {
        try await withTable { database in
            let pool = database.pool
            let meeting = Meeting(2)
            let kinds = await withTaskGroup(of: DatabaseError.Kind?.self) { group in
                for order in [[1, 2], [2, 1]] as [[Int32]] {
                    group.addTask {
                        do {
                            try await pool.withTransaction { connection in
                                try await connection.query("UPDATE t SET x = x + 1 WHERE id = $1", .int4(order[0]))
                                await meeting.arrive()
                                try await connection.query("UPDATE t SET x = x + 1 WHERE id = $1", .int4(order[1]))
                            }
                            return nil
                        } catch { return (error as? DatabaseError)?.kind }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(kinds.compactMap(\.self) == [.deadlock])
        }
    }

    @Test func `a serialization failure is repeated`() async throws {
        try await withTable { database in
            let pool = database.pool
            let meeting = Meeting(2)
            let attempts = Counter()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for id in [1, 2] as [Int32] {
                    group.addTask {
                        let options = TransactionOptions(isolation: .serializable, retriesConflicts: true)
                        try await pool.withTransaction(options) { connection in
                            attempts.add()
                            let sum = try await connection.query("SELECT sum(x) FROM t").only("t").decode(
                                Int.self, at: 0)
                            await meeting.arrive()
                            try await connection.query(
                                "UPDATE t SET x = $2 WHERE id = $1", .int4(id), .int4(Int32(sum + 1)))
                        }
                    }
                }
                try await group.waitForAll()
            }
            // One after the other, in whatever order: the second saw the first's 1.
            let total = try await sum(database)
            #expect(total == 3)
            #expect(attempts.value >= 3)
        }
    }

    @Test func `a lost connection is repeated only from the begin or when it does no harm`() {
        let lost = DatabaseError(.connectionLost, step: "t", wasSent: true)
        let unsent = DatabaseError(.connectionLost, step: "t", wasSent: false)
        let careful = RepeatRule(isIdempotent: false, repeatsConflicts: false, attempts: 3)
        let free = RepeatRule(isIdempotent: true, attempts: 3)
        #expect(careful.pause(after: lost, attempt: 1, randomness: 0) == nil)
        #expect(careful.pause(after: unsent, attempt: 1, randomness: 0) == .zero)
        #expect(careful.pause(after: unsent, attempt: 3, randomness: 0) == nil)
        #expect(free.pause(after: lost, attempt: 2, randomness: 0) == .zero)
        #expect(free.pause(after: lost, attempt: 3, randomness: 0) == nil)
    }

    @Test func `conflicts are repeated with growing, spread pauses, and not for ever`() {
        let rule = RepeatRule(isIdempotent: false, attempts: 1)
        for state in ["40001", "40P01"] {
            let error = DatabaseError(.init(sqlState: state), step: "t", sqlState: state)
            #expect(rule.pause(after: error, attempt: 1, randomness: 0.5) == .milliseconds(20))
            #expect(rule.pause(after: error, attempt: 2, randomness: 0) == .milliseconds(20))
            #expect(rule.pause(after: error, attempt: 5, randomness: 0.5) == .milliseconds(320))
            #expect(rule.pause(after: error, attempt: 6, randomness: 0.5) == nil)
        }
        for kind in DatabaseError.Kind.allCases
        where ![.serializationFailure, .deadlock, .connectionLost].contains(kind) {
            #expect(rule.pause(after: DatabaseError(kind, step: "t"), attempt: 1, randomness: 0) == nil, "\(kind)")
        }
    }
}

/// Counts from several tasks.
private final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .relaxed) }
    func add() { count.wrappingAdd(1, ordering: .relaxed) }
}

/// Those who arrive wait until the last one is there; whoever comes later passes.
private final class Meeting: Sendable {
    private struct State {
        var missing: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(missing: count)) }

    func arrive() async {
        await withCheckedContinuation { continuation in
            let released = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                state.missing -= 1
                state.waiting.append(continuation)
                guard state.missing <= 0 else { return [] }
                defer { state.waiting = [] }
                return state.waiting
            }
            for waiter in released { waiter.resume() }
        }
    }
}
