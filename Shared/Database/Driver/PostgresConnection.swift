import CPostgres
import Glibc
import Synchronization

/// One connection to PostgreSQL, on a thread of its own.
///
/// The thread sends a statement, waits for the socket and reads the answer; the caller only awaits. Everything is
/// unnamed and in binary, so it works through PgBouncer in transaction mode. Between two calls outside a transaction
/// the server behind may change: no session state may be relied on.
public actor PostgresConnection {
    private let executor: ThreadExecutor
    let interrupt: Interrupt
    let options: ConnectionOptions
    /// libpq's connection while it is open. It never leaves this actor.
    var handle: OpaquePointer?
    var cancelKey: CancelKey?
    private let usability = Atomic<Bool>(false)
    private let transaction = Atomic<Bool>(false)
    private let statements = Atomic<Int>(0)

    /// The thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Makes the thread; `open()` connects. Throws kind `resources` when there is no thread or descriptor left.
    public init(_ options: ConnectionOptions, name: String = "pg") throws(DatabaseError) {
        self.options = options
        interrupt = try Interrupt()
        executor = try ThreadExecutor(name: name)
    }

    /// Runs on the connection's own thread, which ends with it.
    isolated deinit {
        if let handle { PQfinish(handle) }
        executor.stop()
    }

    /// Open, and no call has left it in doubt.
    public nonisolated var isUsable: Bool { usability.load(ordering: .acquiring) }

    /// A transaction has been begun and not ended.
    public nonisolated var isInTransaction: Bool { transaction.load(ordering: .acquiring) }

    /// How many statements it has run.
    public nonisolated var statementCount: Int { statements.load(ordering: .relaxed) }

    /// Connects and logs in.
    /// - Throws: `DatabaseError` (`connection_failed`, `authentication_failed`, `resources`), or `CancellationError`.
    public nonisolated func open() async throws {
        try await interruptible { ticket in try await self.openNow(ticket) }
    }

    /// Runs one statement and gives its rows (none for a command).
    ///
    /// - Parameters:
    ///   - timeout: from now; afterwards the server is told to stop and the connection is not used again.
    /// - Throws: `DatabaseError`, or `CancellationError` when the task was cancelled before the statement took effect.
    @discardableResult
    public nonisolated func query(
        _ statement: NamedStatement, _ parameters: SQLParameters = SQLParameters(), timeout: Duration? = nil
    ) async throws -> RowSet {
        if let problem = parameters.problem {
            throw DatabaseError(.encoding, step: statement.name, detail: problem.rawValue)
        }
        let deadline = timeout.map { ContinuousClock.now + $0 }
        return try await interruptible { ticket in
            try await self.run(statement, parameters, Call(ticket: ticket, deadline: deadline, step: statement.name))
        }
    }

    /// Runs one statement with values.
    @discardableResult
    public nonisolated func query(
        _ statement: NamedStatement, _ values: SQLValue..., timeout: Duration? = nil
    ) async throws -> RowSet {
        try await query(statement, SQLParameters(values), timeout: timeout)
    }

    /// Runs a file of statements, separated by semicolons and without parameters, as one transaction of the server
    /// unless it says otherwise. Errors carry the server's message: a script holds no data of users.
    public nonisolated func runScript(_ sql: String, name: String, timeout: Duration? = nil) async throws {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        try await interruptible { ticket in
            try await self.runScriptNow(sql, Call(ticket: ticket, deadline: deadline, step: name, isScript: true))
        }
    }

    /// The types the server sees in a statement, without running it: parameters and columns.
    public nonisolated func describe(
        _ statement: NamedStatement, timeout: Duration? = nil
    ) async throws -> (parameters: [UInt32], columns: [UInt32]) {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        return try await interruptible { ticket in
            try await self.describeNow(statement, Call(ticket: ticket, deadline: deadline, step: statement.name))
        }
    }

    /// Undoes the open transaction, also in a task that is cancelled. A connection on which that fails is not used
    /// again: its end undoes the transaction as well.
    public nonisolated func rollBack(timeout: Duration) async {
        let deadline = ContinuousClock.now + timeout
        await rollBackNow(Call(ticket: interrupt.nextTicket(), deadline: deadline, step: "rollback", mayCancel: false))
    }

    private func rollBackNow(_ call: Call) {
        guard isUsable, isInTransaction else { return }
        do { _ = try run(Brotr.rollback, SQLParameters(), call) } catch { setUsable(false) }
    }

    /// Ends the connection. Later calls throw `connection_lost`.
    public func close() {
        usability.store(false, ordering: .releasing)
        guard let handle else { return }
        PQfinish(handle)
        self.handle = nil
        cancelKey = nil
    }

    /// Stops the call that runs now, if any; it throws `CancellationError`, and the connection is not used again.
    public nonisolated func interruptCurrentCall() { interrupt.requestCurrent() }

    func setUsable(_ value: Bool) { usability.store(value, ordering: .releasing) }

    func setInTransaction(_ value: Bool) { transaction.store(value, ordering: .releasing) }

    func countStatement() { statements.wrappingAdd(1, ordering: .relaxed) }

    private nonisolated func interruptible<Result: Sendable>(
        _ body: @Sendable (UInt64) async throws -> Result
    ) async throws -> Result {
        let ticket = interrupt.nextTicket()
        return try await withTaskCancellationHandler {
            try await body(ticket)
        } onCancel: {
            interrupt.request(ticket)
        }
    }
}

/// What one blocking call of a connection's thread has to respect.
struct Call: Sendable {
    let ticket: UInt64
    let deadline: ContinuousClock.Instant?
    let step: String
    var isScript = false
    /// False for what has to be done in a cancelled task too.
    var mayCancel = true
}
