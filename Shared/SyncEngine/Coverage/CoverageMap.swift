/// State of an interval of one relay's history, as stored in `relay_coverage.state`.
public enum CoverageState: Int16, Sendable, CaseIterable {
    /// Not read yet.
    case open = 0
    /// Being read by the walk under way.
    case walking = 1
    /// Read once.
    case provisional = 2
    /// Read and proven by one of the four proofs.
    case sealed = 3
    /// Two passes agree, but the relay once contradicted itself.
    case settled = 4
    /// Cannot be read whole; the reason says why.
    case gap = 5
}

/// Why an interval is a gap, as stored in `relay_coverage.reason`.
public enum CoverageReason: Int16, Sendable, CaseIterable {
    /// The relay did not answer, or its answers deny each other.
    case unanswered = 1
    /// One second holds more events than pages can show.
    case saturatedSecond = 2
    /// Pages do not follow `until`.
    case untilIgnored = 3
    /// Pages are not newest first.
    case unordered = 4
    /// The relay wants to know who asks.
    case auth = 5
    /// The relay wants to be paid.
    case payment = 6
    /// The relay does not serve us this.
    case restricted = 7
    /// Single answers are larger than a page may be.
    case oversize = 8
    /// Nothing in the answers is a valid event.
    case poison = 9

    /// A stable word for logs and `relay_sync.last_error`.
    var word: String {
        switch self {
        case .unanswered: "unanswered"
        case .saturatedSecond: "saturated_second"
        case .untilIgnored: "until_ignored"
        case .unordered: "unordered"
        case .auth: "auth"
        case .payment: "payment"
        case .restricted: "restricted"
        case .oversize: "oversize"
        case .poison: "poison"
        }
    }
}

/// What makes an interval count as complete, as stored in `relay_coverage.proof`.
public enum CoverageProof: Int16, Sendable, CaseIterable {
    /// The relay said so: `finish` of NIP-67.
    case finishHint = 1
    /// Equal sets by negentropy (NIP-77).
    case negentropy = 2
    /// Two independent walks with equal sets.
    case twoWalks = 3
    /// One walk and an exact COUNT (NIP-45).
    case exactCount = 4
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
        /// Set when `state` is `sealed`.
        public var proof: CoverageProof?
        /// When the interval is looked at again, Unix seconds of the database's clock.
        public var rescanAt: Int64?
        /// Place in the schedule of re-scans; of a gap, how often it was left unanswered or no half of it was answered.
        public var rescanStep: Int16?
        /// Conclusive pages behind it.
        public var pages: Int32?
        /// Events found in it; nil where a part of the interval was cut off since.
        public var items: Int64?
        /// Largest page seen when it was read.
        public var cap: Int32?

        /// An interval; `reason` exactly for a gap.
        public init(lo: Int64, hi: Int64, state: CoverageState, reason: CoverageReason? = nil) {
            self.lo = lo
            self.hi = hi
            self.state = state
            self.reason = reason
        }

        /// What joins with its neighbour into one row.
        func isAlike(_ other: Interval) -> Bool {
            state == other.state && reason == other.reason && proof == other.proof && rescanAt == other.rescanAt
                && rescanStep == other.rescanStep
        }

        /// Makes one gap of two and of what lies between them. It is due as soon as one of them.
        fileprivate mutating func takeIn(_ newer: Interval) {
            hi = newer.hi
            rescanAt = [rescanAt, newer.rescanAt].compactMap { $0 }.min()
            (pages, items) = (nil, nil)
        }

        /// The part from `lo` to `hi`: how many events lie in it is not known.
        func part(_ lo: Int64, _ hi: Int64) -> Interval {
            guard lo != self.lo || hi != self.hi else { return self }
            var part = self
            part.lo = lo
            part.hi = hi
            part.items = nil
            return part
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

    /// Above so many intervals gaps that are near to each other become one: junk in every second of a relay must not
    /// make rows without end.
    static let mostIntervals = 2_000

    /// The map as the table holds it.
    public init(stored rows: [Interval] = []) {
        intervals = rows.sorted { $0.lo < $1.lo }
        stored = intervals
    }

    /// Sets the state of `lo...hi`; what stood there is cut or replaced. An empty interval changes nothing.
    public mutating func set(_ state: CoverageState, _ lo: Int64, _ hi: Int64, reason: CoverageReason? = nil) {
        guard lo <= hi else { return }
        set(Interval(lo: lo, hi: hi, state: state, reason: reason))
    }

    /// Puts an interval in the place of what stood there. Gaps inside stay gaps unless the new one is a gap too: a walk
    /// over a gap does not close it, only a pass that was meant for it does (`closesGaps`).
    public mutating func set(_ new: Interval, closesGaps: Bool = false) {
        guard new.lo <= new.hi else { return }
        var result: [Interval] = []
        var cursor: Int64? = new.lo
        for interval in intervals {
            guard interval.hi >= new.lo, interval.lo <= new.hi else {
                result.append(interval)
                continue
            }
            if interval.state == .gap && new.state != .gap && !closesGaps {
                if let start = cursor, start < interval.lo { result.append(new.part(start, interval.lo - 1)) }
                cursor = interval.hi < new.hi ? interval.hi + 1 : nil
                result.append(interval)
                continue
            }
            if interval.lo < new.lo { result.append(interval.part(interval.lo, new.lo - 1)) }
            if interval.hi > new.hi { result.append(interval.part(new.hi + 1, interval.hi)) }
        }
        if let start = cursor, start <= new.hi { result.append(new.part(start, new.hi)) }
        intervals = Self.merged(result)
        if new.state == .gap { joinGaps() }
    }

    /// A larger gap is honest too: what was read between two gaps is read again with them.
    private mutating func joinGaps() {
        guard intervals.count > Self.mostIntervals else { return }
        let gaps = intervals.indices.filter { intervals[$0].state == .gap }
        let nearest = zip(gaps, gaps.dropFirst()).filter { isRead(between: $0, $1) }
            .sorted { intervals[$0.1].lo - intervals[$0.0].hi < intervals[$1.1].lo - intervals[$1.0].hi }
            // A quarter less, so that it is not done for every gap.
            .prefix(intervals.count - Self.mostIntervals / 4 * 3)
        let next = Dictionary(nearest.map { ($0.0, $0.1) }, uniquingKeysWith: { first, _ in first })
        var (result, place): ([Interval], Int) = ([], 0)
        while place < intervals.count {
            var joined = intervals[place]
            while let other = next[place] {
                joined.takeIn(intervals[other])
                place = other
            }
            result.append(joined)
            place += 1
        }
        intervals = result
    }

    /// Whether everything between two intervals was read, and nothing is left out.
    private func isRead(between first: Int, _ last: Int) -> Bool {
        (first..<last).allSatisfy { place in
            let next = intervals[place + 1]
            return next.lo - intervals[place].hi == 1
                && (place + 1 == last || [.provisional, .sealed, .settled].contains(next.state))
        }
    }

    /// Plans another time for looking at some intervals again.
    mutating func postpone(to time: Int64, where isMeant: (Interval) -> Bool) {
        for place in intervals.indices where isMeant(intervals[place]) { intervals[place].rescanAt = time }
        intervals = Self.merged(intervals)
    }

    /// Why pages do not reach a part of the history, where the relay's way of answering is to blame.
    var unpageable: CoverageReason? {
        intervals.lazy.compactMap { interval in interval.reason.map { ($0, interval.hi - interval.lo) } }
            .first { reason, length in
                switch reason {
                case .untilIgnored, .unordered: true
                // Around one event or some it is a hole, and the relay is read.
                case .oversize, .poison: length >= 86_400
                default: false
                }
            }?.0
    }

    /// Brings looks at one place of the schedule nearer that are planned for later than `time`: to an eighth of what
    /// they are later. So those of different times stay apart, and no row joins one that was proven at another time.
    mutating func hasten(_ step: Int16, to time: Int64) {
        for place in intervals.indices where intervals[place].lookStep == step {
            guard let planned = intervals[place].rescanAt, planned > time else { continue }
            let (later, isOver) = planned.subtractingReportingOverflow(time)
            intervals[place].rescanAt = isOver ? time : time + later / 8
        }
    }

    /// Forgets everything: what is given is not read yet, and nothing is said of the rest.
    mutating func restart(_ seconds: ClosedRange<Int64>?) {
        intervals = seconds.map { [Interval(lo: $0.lowerBound, hi: $0.upperBound, state: .open)] } ?? []
    }

    /// Takes the seals of these proofs back: what they covered was read, and no longer counts as proven.
    mutating func unseal(where isDoubtful: (CoverageProof) -> Bool) {
        for place in intervals.indices {
            guard intervals[place].state == .sealed, intervals[place].proof.map(isDoubtful) ?? true else { continue }
            intervals[place].state = .settled
            intervals[place].proof = nil
        }
        intervals = Self.merged(intervals)
    }

    /// The difference to the table as last stored; `markStored` after the commit. A row that only changes is put and
    /// not dropped.
    public var changes: Changes {
        var changes = Changes()
        let before = Dictionary(stored.map { ($0.lo, $0) }, uniquingKeysWith: { first, _ in first })
        let after = Set(intervals.map(\.lo))
        changes.drop = stored.map(\.lo).filter { !after.contains($0) }
        changes.put = intervals.filter { before[$0.lo] != $0 }
        return changes
    }

    /// Call after the transaction that wrote `changes` has committed, never before.
    public mutating func markStored() { stored = intervals }

    private static func merged(_ intervals: [Interval]) -> [Interval] {
        var result: [Interval] = []
        for interval in intervals.sorted(by: { $0.lo < $1.lo }) {
            guard let last = result.last, last.isAlike(interval), last.hi < interval.lo, interval.lo - last.hi == 1
            else {
                result.append(interval)
                continue
            }
            var joined = last
            joined.hi = interval.hi
            joined.pages = sum(last.pages, interval.pages)
            joined.items = sum(last.items, interval.items)
            joined.cap = [last.cap, interval.cap].compactMap { $0 }.max()
            result[result.count - 1] = joined
        }
        return result
    }

    private static func sum<Number: FixedWidthInteger>(_ one: Number?, _ other: Number?) -> Number? {
        guard let one, let other else { return one ?? other }
        let (sum, isOver) = one.addingReportingOverflow(other)
        return isOver ? .max : sum
    }
}
