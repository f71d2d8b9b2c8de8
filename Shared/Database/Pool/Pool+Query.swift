import Settings
import Synchronization

/// Single statements, each a transaction of its own.
extension Pool {
    /// Runs one statement and gives its rows.
    ///
    /// It is sent again when it did not reach the server, when the server asks for it (40001, 40P01), and, only if the
    /// statement is idempotent, when its connection died on the way.
    /// - Parameters:
    ///   - timeout: deadline of each attempt; the wait for a connection has its own (`pool.timeouts.acquisition`).
    /// - Throws: `DatabaseError` or `CancellationError`.
    @discardableResult
    public func fetch(
        _ statement: NamedStatement, parameters: SQLParameters, timeout: Duration? = nil
    ) async throws -> RowSet {
        let timeout = timeout ?? statementTimeout
        let rule = RepeatRule(isIdempotent: statement.isIdempotent, attempts: settings.retry.maxAttempts)
        return try await repeating(rule) {
            let lent = try await acquire()
            defer { release(lent) }
            return try await lent.connection.query(statement, parameters, timeout: timeout)
        }
    }

    /// Runs one statement with these values and gives its rows.
    @discardableResult
    public func fetch(
        _ statement: NamedStatement, _ values: SQLValue..., timeout: Duration? = nil
    ) async throws -> RowSet {
        try await fetch(statement, parameters: try await encode(values), timeout: timeout)
    }

    /// Runs one statement with these values and gives how many rows it changed (or gave).
    @discardableResult
    public func execute(
        _ statement: NamedStatement, _ values: SQLValue..., timeout: Duration? = nil
    ) async throws -> Int {
        try await fetch(statement, parameters: try await encode(values), timeout: timeout).affectedRows
    }

    /// Identifiers of the types of our own schema, looked up once in the life of the pool.
    /// - Throws: `DatabaseError` of kind `schema_mismatch` when the schema lacks one.
    public func namedTypes() async throws -> NamedTypes {
        if let known = state.withLock({ $0.namedTypes }) { return known }
        let wanted = [SQLType.tagSet, .tagSetArray].map(\.name)
        var identifiers: [String: UInt32] = [:]
        for row in try await fetch(Brotr.typeIdentifiers, .texts(wanted)) {
            let (name, identifier) = try row.decode(String.self, UInt32?.self)
            guard let identifier else {
                throw DatabaseError(.schemaMismatch, step: Brotr.typeIdentifiers.name, object: name)
            }
            identifiers[name] = identifier
        }
        let types = NamedTypes(identifiers)
        state.withLock { $0.namedTypes = types }
        return types
    }

    /// A schema that was made anew has other identifiers: they are looked up again.
    func forgetNamedTypes() { state.withLock { $0.namedTypes = nil } }

    private func encode(_ values: [SQLValue]) async throws -> SQLParameters {
        let needsTypes = values.contains { $0.type.identifier == 0 }
        return SQLParameters(values, namedTypes: needsTypes ? try await namedTypes() : NamedTypes())
    }

    /// Runs `body` again as long as the rules of `RepeatRule` say so.
    func repeating<Result>(
        _ rule: RepeatRule, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async throws -> Result {
        var attempt = 1
        while true {
            do {
                return try await body()
            } catch let error as DatabaseError {
                guard let pause = rule.pause(after: error, attempt: attempt, randomness: randomness()) else {
                    throw error
                }
                attempt += 1
                if pause > .zero { try await clock.sleep(clock.now() + pause) }
            }
        }
    }
}

/// Whether and when something that failed may be run again.
struct RepeatRule {
    /// Running it twice does no harm.
    var isIdempotent: Bool
    /// 40001 and 40P01 undo everything: what they end may begin again.
    var repeatsConflicts = true
    /// Times altogether after a lost connection.
    var attempts: Int
    /// Conflicts between writers are short: many tries, small pauses.
    static let conflictAttempts = 6

    /// The pause before the next attempt; nil when there must be none. `attempt` counts from 1.
    func pause(after error: DatabaseError, attempt: Int, randomness: Double) -> Duration? {
        switch error.kind {
        case .serializationFailure, .deadlock:
            guard repeatsConflicts, attempt < Self.conflictAttempts else { return nil }
            return .milliseconds(10 << min(attempt, 6)) * (0.5 + randomness)
        case .connectionLost:
            guard attempt < attempts, isIdempotent || !error.wasSent else { return nil }
            return .zero
        default: return nil
        }
    }
}
