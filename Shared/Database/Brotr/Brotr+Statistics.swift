import Settings

/// What one replica does for all: it moves what batches queued into the counters, and erases what authors took back.
extension Brotr {
    /// $1 rows.
    static let foldStatistics = NamedStatement(
        "fold_statistics", "SELECT fold_statistics($1)", parameters: [.int4], columns: [.int4])

    /// Moves about `rows` rows of the queue into the counters, in one transaction.
    /// - Returns: rows moved, 0 when none is left; nil while somebody else does the same.
    public func foldStatistics(rows: Int32) async throws -> Int? {
        let answer = try await pool.fetch(
            Self.foldStatistics, .int4(rows), timeout: settings.timeouts.batch.duration)
        guard let row = answer.first else { throw DatabaseError(.decoding, step: Self.foldStatistics.name) }
        let folded = try row.decode(Int32.self, at: 0)
        return folded < 0 ? nil : Int(folded)
    }

    /// $1 events.
    static let eraseVanished = NamedStatement(
        "erase_vanished", "SELECT erase_vanished($1)", parameters: [.int4], columns: [.int4])

    /// Erases at most `events` of authors who asked to vanish (NIP-62), in one transaction; a thousand authors a call.
    /// - Returns: events erased; nil when every author was looked at since the last nil.
    public func eraseVanished(events: Int32) async throws -> Int? {
        let answer = try await pool.fetch(
            Self.eraseVanished, .int4(events), timeout: settings.timeouts.batch.duration)
        guard let row = answer.first else { throw DatabaseError(.decoding, step: Self.eraseVanished.name) }
        let erased = try row.decode(Int32.self, at: 0)
        return erased < 0 ? nil : Int(erased)
    }
}
