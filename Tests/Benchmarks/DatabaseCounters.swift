import Database
import Support

/// What PostgreSQL has counted of a database since it was made.
struct DatabaseCounters {
    /// Those that were committed; where each statement is one of its own, statements.
    var transactions = 0
    /// Looked at, in memory or not.
    var pages = 0
    /// Milliseconds by function, with what it calls; only with `track_functions`.
    var functions: [String: Double] = [:]

    /// Waits until no session is open (PgBouncer ends idle ones): what a session has counted is told when it ends.
    static func read(_ database: TestDatabase) async throws -> DatabaseCounters {
        let name = database.name
        var counters = try await database.server.withConnection { connection in
            try await eventually("all sessions end", within: .seconds(60)) {
                let rows = try await connection.query(sessions, .text(name), timeout: .seconds(10))
                return try rows.first?.decode(Int64.self, at: 0) == 0
            }
            guard let row = try await connection.query(sums, .text(name), timeout: .seconds(10)).first else {
                return DatabaseCounters()
            }
            let (transactions, pages) = try row.decode(Int64.self, Int64.self)
            return DatabaseCounters(transactions: Int(transactions), pages: Int(pages))
        }
        counters.functions = try await database.server.withConnection(database: name) { connection in
            let rows = try await connection.query(times, timeout: .seconds(10))
            return try Dictionary(
                rows.map { try $0.decode(String.self, Double.self) }.map { ($0.0, $0.1) }, uniquingKeysWith: +)
        }
        return counters
    }

    /// $1 database.
    private static let sessions = NamedStatement(
        "count_sessions", "SELECT count(*) FROM pg_stat_activity WHERE datname = $1", parameters: [.text],
        columns: [.int8], isIdempotent: true)

    /// $1 database.
    private static let sums = NamedStatement(
        "database_counters", "SELECT xact_commit, blks_hit + blks_read FROM pg_stat_database WHERE datname = $1",
        parameters: [.text], columns: [.int8, .int8], isIdempotent: true)

    private static let times = NamedStatement(
        "function_times", "SELECT funcname::text, total_time FROM pg_stat_user_functions", columns: [.text, .float8],
        isIdempotent: true)
}
