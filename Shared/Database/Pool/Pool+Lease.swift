import Synchronization

/// Lending connections.
extension Pool {
    /// Lends one connection for the time of the body.
    ///
    /// Outside a transaction two statements may meet two different servers behind PgBouncer. The connection must not be
    /// used after the body.
    /// - Throws: `DatabaseError` (`acquisition_timeout`, `pool_closed`, what connecting failed with), or what the body
    ///   throws.
    @discardableResult
    public func withConnection<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        let lent = try await acquire()
        do {
            let result = try await body(lent.connection)
            release(lent)
            return result
        } catch {
            release(lent)
            throw error
        }
    }

    func acquire() async throws -> PooledConnection {
        try Task.checkCancellation()
        let request = state.withLock { $0.machine.makeRequest() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                perform(storing: continuation, for: request)
                // A cancellation before the line above found no request to cancel.
                if Task.isCancelled { cancel(request) }
            }
        } onCancel: {
            cancel(request)
        }
    }

    private func perform(
        storing continuation: CheckedContinuation<PooledConnection, any Error>, for request: PoolStateMachine.RequestID
    ) {
        // The continuation first, the request to the machine after it, in a section of its own: an action that answers
        // the request then finds whom to answer. In between nobody else does anything with this request but cancel it,
        // and the machine does not know it yet, which is why `acquire` looks for a cancellation afterwards.
        state.withLock { $0.requests[request] = continuation }
        perform { $0.acquire(request, now: $1) }
    }

    private func cancel(_ request: PoolStateMachine.RequestID) {
        perform { machine, _ in machine.cancel(request) }
    }

    func release(_ lent: PooledConnection) {
        let connection = lent.connection
        let isUsable = connection.isUsable && !connection.isInTransaction
        perform { $0.release(lent.id, isUsable: isUsable, statements: connection.statementCount, now: $1) }
    }
}
