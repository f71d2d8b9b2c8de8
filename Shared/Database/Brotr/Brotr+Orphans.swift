import Settings

/// Clean-ups. One call looks at a bounded number of rows in a transaction of its own; the client repeats it.
extension Brotr {
    /// $1 rows to look at. Repeating a call only walks on.
    static func deleteOrphans(_ kind: String, _ name: String) -> NamedStatement {
        NamedStatement(
            "delete_orphans_\(kind)", "SELECT \(name)($1)", parameters: [.int4], columns: [.int4], isIdempotent: true)
    }

    /// Deletes events that no relay has.
    /// - Parameters:
    ///   - rowsPerCall: rows one transaction looks at.
    ///   - maxCalls: ends the clean-up early; the next one goes on from there.
    /// - Returns: deleted rows and whether a whole round is done.
    public func deleteOrphanEvents(rowsPerCall: Int = 10_000, maxCalls: Int = .max) async throws -> OrphanCleanUp {
        try await cleanUp(calls.deleteOrphanEvents, rowsPerCall, maxCalls)
    }

    /// Deletes NIP-11 documents that no check names.
    public func deleteOrphanNip11(rowsPerCall: Int = 10_000, maxCalls: Int = .max) async throws -> OrphanCleanUp {
        try await cleanUp(calls.deleteOrphanNip11, rowsPerCall, maxCalls)
    }

    /// Deletes NIP-66 documents that no check names.
    public func deleteOrphanNip66(rowsPerCall: Int = 10_000, maxCalls: Int = .max) async throws -> OrphanCleanUp {
        try await cleanUp(calls.deleteOrphanNip66, rowsPerCall, maxCalls)
    }

    private func cleanUp(_ call: NamedStatement, _ rows: Int, _ maxCalls: Int) async throws -> OrphanCleanUp {
        var result = OrphanCleanUp()
        while result.calls < maxCalls {
            try Task.checkCancellation()
            let answer = try await pool.fetch(
                call, .int4(Int32(clamping: max(rows, 1))), timeout: settings.timeouts.procedure.duration)
            result.calls += 1
            let deleted = try answer.only(call.name).decode(Int32.self, at: 0)
            if deleted < 0 {
                result.isRoundDone = true
                return result
            }
            result.deleted += Int(deleted)
        }
        return result
    }
}

/// What a clean-up did.
public struct OrphanCleanUp: Hashable, Sendable {
    /// Rows deleted.
    public var deleted = 0
    /// Transactions.
    public var calls = 0
    /// The end of the table was reached; the next clean-up begins a new round.
    public var isRoundDone = false
}
