import Settings

/// How a transaction is opened, and when it may be run again from the start.
public struct TransactionOptions: Sendable {
    /// PostgreSQL's levels; each gives at least what its name says.
    public enum Isolation: Sendable {
        /// Each statement sees what was committed before it began.
        case readCommitted
        /// All statements see what was committed before the first one.
        case repeatableRead
        /// As if transactions ran one after another; they may fail with 40001.
        case serializable
    }

    /// Isolation level.
    public var isolation: Isolation
    /// Run the body again after 40001 or 40P01. Only for bodies without effects outside the transaction.
    public var retriesConflicts: Bool
    /// Running it twice does no harm: it may be run again when the connection died on the way.
    public var isIdempotent: Bool

    /// Read committed, never run again.
    public init(
        isolation: Isolation = .readCommitted, retriesConflicts: Bool = false, isIdempotent: Bool = false
    ) {
        self.isolation = isolation
        self.retriesConflicts = retriesConflicts
        self.isIdempotent = isIdempotent
    }

    var begin: NamedStatement {
        switch isolation {
        case .readCommitted: Brotr.begin
        case .repeatableRead: Brotr.beginRepeatableRead
        case .serializable: Brotr.beginSerializable
        }
    }
}

extension Pool {
    /// Runs the body in one transaction: committed when it returns, undone when it throws or its task is cancelled.
    ///
    /// The connection must not be used after the body, and the body must not end the transaction itself.
    /// - Throws: what the body throws; `DatabaseError` for begin and commit. A commit whose answer was lost is
    ///   `connection_lost` with `wasSent`: it may or may not have happened.
    @discardableResult
    public func withTransaction<Result>(
        _ options: TransactionOptions = TransactionOptions(), isolation: isolated (any Actor)? = #isolation,
        _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        let rule = RepeatRule(
            isIdempotent: options.isIdempotent, repeatsConflicts: options.retriesConflicts,
            attempts: settings.retry.maxAttempts)
        return try await repeating(rule) { try await transaction(options, body) }
    }

    private func transaction<Result>(
        _ options: TransactionOptions, isolation: isolated (any Actor)? = #isolation,
        _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        try await withConnection { connection in
            try await connection.query(options.begin, timeout: statementTimeout)
            do {
                let result = try await body(connection)
                let answer = try await connection.query(Brotr.commit, timeout: statementTimeout)
                // A failed transaction answers a commit by undoing it, without an error.
                guard answer.result.command == "COMMIT" else {
                    throw DatabaseError(.transactionState, step: "commit", sqlState: "25P02", wasSent: true)
                }
                return result
            } catch {
                await connection.rollBack(timeout: settings.timeouts.healthCheck.duration)
                throw Self.afterBegin(error)
            }
        }
    }

    /// Once the body has begun, a lost connection is no longer something that may be repeated unasked.
    private static func afterBegin(_ error: any Error) -> any Error {
        guard var lost = error as? DatabaseError, lost.kind == .connectionLost else { return error }
        lost.wasSent = true
        return lost
    }
}
