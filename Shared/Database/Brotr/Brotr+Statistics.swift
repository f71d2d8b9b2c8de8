import Settings

/// Counting: batches queue what they stored, one replica moves the queue into the counters.
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
}
