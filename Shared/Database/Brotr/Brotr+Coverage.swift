import Settings

/// What the archive as a whole can say of its own completeness.
public struct ArchiveCoverage: Sendable {
    /// Intervals of one state, over all relays.
    public struct Part: Sendable {
        /// As `relay_coverage.state`.
        public var state: Int16
        /// As `relay_coverage.reason`; nil but for gaps.
        public var reason: Int16?
        /// Seconds in it; the time of each relay counts for itself.
        public var seconds: Double
    }

    /// By state and reason.
    public var parts: [Part] = []
    /// Relays by `relay_sync.class`.
    public var relays: [Int16: Int64] = [:]
    /// How many seconds what was asked of readable relays lies behind the clock: the middle one, and the one that only
    /// one in twenty exceeds; nil while none was read.
    public var lag: (median: Double, p95: Double)?

    /// Nothing is known.
    public init() {}
}

extension Brotr {
    static let coverageParts = NamedStatement(
        "coverage_parts",
        """
        SELECT state, reason, sum(hi::float8 - lo + 1) FROM relay_coverage GROUP BY state, reason ORDER BY state, reason
        """,
        columns: [.int2, .int2, .float8], isIdempotent: true)

    static let relayClasses = NamedStatement(
        "relay_classes", "SELECT class, count(*) FROM relay_sync GROUP BY class ORDER BY class",
        columns: [.int2, .int8], isIdempotent: true)

    static let relayLag = NamedStatement(
        "relay_lag",
        """
        SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY v.lag), percentile_disc(0.95) WITHIN GROUP (ORDER BY v.lag)
          FROM (SELECT greatest(extract(epoch FROM now())::float8 - tail_seen, 0) AS lag
                  FROM relay_sync WHERE tail_seen IS NOT NULL AND class = 0) AS v
        """,
        columns: [.float8, .float8], isIdempotent: true)

    /// Reads tens of rows for each relay; meant to be asked once a minute.
    public func archiveCoverage() async throws -> ArchiveCoverage {
        let timeout = settings.timeouts.query.duration
        var coverage = ArchiveCoverage()
        for row in try await pool.fetch(Self.coverageParts, timeout: timeout) {
            coverage.parts.append(
                .init(state: try row.decode(at: 0), reason: try row.decode(at: 1), seconds: try row.decode(at: 2)))
        }
        for row in try await pool.fetch(Self.relayClasses, timeout: timeout) {
            coverage.relays[try row.decode(at: 0)] = try row.decode(Int64.self, at: 1)
        }
        let lag = try await pool.fetch(Self.relayLag, timeout: timeout).first
        if let median = try lag?.decode(Double?.self, at: 0), let p95 = try lag?.decode(Double?.self, at: 1) {
            coverage.lag = (median, p95)
        }
        return coverage
    }
}
