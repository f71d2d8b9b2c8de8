/// State of an interval of one relay's history, as stored in `relay_coverage.state`.
public enum CoverageState: Int16, Sendable, CaseIterable {
    case open = 0
    case walking = 1
    case provisional = 2
    case sealed = 3
    case settled = 4
    case gap = 5
}

/// Why an interval is a gap, as stored in `relay_coverage.reason`.
public enum CoverageReason: Int16, Sendable, CaseIterable {
    case unanswered = 1
    case saturatedSecond = 2
    case untilIgnored = 3
    case unordered = 4
    case auth = 5
    case payment = 6
    case restricted = 7
    case oversize = 8
    case poison = 9
}

/// What is known about one relay's history: closed, disjoint intervals of seconds in ascending order, neighbours
/// of the same state merged. Pure; the rows are written in the transaction that stores the page behind them.
public struct CoverageMap: Sendable, Equatable {
    /// One interval.
    public struct Interval: Sendable, Equatable {
        /// Oldest second, inclusive.
        public var lo: Int64
        /// Newest second, inclusive.
        public var hi: Int64
        /// What is known of it.
        public var state: CoverageState
        /// Set exactly when `state` is `gap`.
        public var reason: CoverageReason?

        /// An interval; `reason` exactly for a gap.
        public init(lo: Int64, hi: Int64, state: CoverageState, reason: CoverageReason? = nil) {
            self.lo = lo
            self.hi = hi
            self.state = state
            self.reason = reason
        }
    }

    /// Rows to drop and to put so that the table says what the map says.
    public struct Changes: Sendable, Equatable {
        /// `lo` of rows that are gone or changed.
        public var drop: [Int64] = []
        /// New and changed rows.
        public var put: [Interval] = []
        /// True where the table is right already.
        public var isEmpty: Bool { drop.isEmpty && put.isEmpty }
    }

    /// The intervals, ascending and disjoint.
    public private(set) var intervals: [Interval]
    private var stored: [Interval]

    /// The map as the table holds it.
    public init(stored rows: [Interval] = []) {
        intervals = rows.sorted { $0.lo < $1.lo }
        stored = intervals
    }

    /// Sets the state of `lo...hi`; what stood there is cut or replaced. An empty interval changes nothing.
    /// Gaps inside stay gaps unless the new state is a gap too: a walk over a gap does not close it.
    public mutating func set(_ state: CoverageState, _ lo: Int64, _ hi: Int64, reason: CoverageReason? = nil) {
        guard lo <= hi else { return }
        var result: [Interval] = []
        var free: [(lo: Int64, hi: Int64)] = []
        var cursor: Int64? = lo
        for interval in intervals {
            guard interval.hi >= lo, interval.lo <= hi else {
                result.append(interval)
                continue
            }
            if interval.state == .gap && state != .gap {
                if let start = cursor, start < interval.lo { free.append((start, interval.lo - 1)) }
                cursor = interval.hi < hi ? interval.hi + 1 : nil
                result.append(interval)
                continue
            }
            if interval.lo < lo { result.append(cut(interval, interval.lo, lo - 1)) }
            if interval.hi > hi { result.append(cut(interval, hi + 1, interval.hi)) }
        }
        if let start = cursor, start <= hi { free.append((start, hi)) }
        result += free.map { Interval(lo: $0.lo, hi: $0.hi, state: state, reason: reason) }
        intervals = Self.merged(result)
    }

    /// The difference to the table as last stored; `markStored` after the commit.
    public var changes: Changes {
        var changes = Changes()
        changes.drop = stored.filter { !intervals.contains($0) }.map(\.lo)
        changes.put = intervals.filter { !stored.contains($0) }
        return changes
    }

    /// Call after the transaction that wrote `changes` has committed, never before.
    public mutating func markStored() { stored = intervals }

    private func cut(_ interval: Interval, _ lo: Int64, _ hi: Int64) -> Interval {
        Interval(lo: lo, hi: hi, state: interval.state, reason: interval.reason)
    }

    private static func merged(_ intervals: [Interval]) -> [Interval] {
        var result: [Interval] = []
        for interval in intervals.sorted(by: { $0.lo < $1.lo }) {
            if let last = result.last, last.state == interval.state, last.reason == interval.reason,
                last.hi < interval.lo, interval.lo - last.hi == 1
            {
                result[result.count - 1].hi = interval.hi
            } else {
                result.append(interval)
            }
        }
        return result
    }
}
