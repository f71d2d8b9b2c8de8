internal import Nostr

/// The decisions for a relay whose pages are in no order: windows of time small enough that an answer cannot have been
/// cut, newest first.
///
/// A window counts as read when its answer is clearly smaller than what the relay is able to give and a second, equal
/// question adds nothing; otherwise it is halved. The next one is as long as promises an answer of the right size.
/// Pure.
struct SplitPlan: Sendable {
    /// What one answer means.
    enum Verdict: Sendable, Equatable {
        /// Another answer is needed.
        case more
        /// Everything from this second on was shown.
        case proven(from: UnixTime)
        /// One second that is too large for an answer.
        case crowded(UnixTime, [EventStamp])
    }

    /// How many times longer than the last window the next one is at most.
    private static let mostGrowth = 4.0

    /// The present by the database's clock, where a window without end is cut first.
    private let now: Int64
    /// Oldest second of all.
    private let lo: Int64
    /// Newest second that is left; `.max` for no end.
    private var top: Int64
    /// Oldest second of the window in hand, which ends at `top`.
    private var from: Int64
    /// Seconds that the next window should have; nil for all that are left.
    private(set) var span: Int64?
    /// The same from an earlier visit, for the first window that turns out to be too large.
    private var earlierSpan: Int64?
    private var seen: Set<EventID> = []
    private var answers = 0
    /// Events of the largest answer to this plan. What the relay gave in other times says nothing of its cap now.
    private var largestAnswer = 0

    /// Windows from `lo` to `top`; nil for no end.
    /// - Parameter span: of an earlier plan for the same relay.
    init(lo: UnixTime, top: UnixTime?, now: UnixTime, span: Int64? = nil) {
        self.now = now.seconds
        self.lo = lo.seconds
        self.top = Swift.max(lo.seconds, top?.seconds ?? .max)
        from = lo.seconds
        earlierSpan = span
    }

    /// The question about the window in hand. Once it is known what the relay gives, no more is asked for than tells
    /// that the window is too large.
    func request(limit: Int) -> PageRequest {
        PageRequest(
            since: from > 0 ? UnixTime(seconds: from) : nil, until: top < .max ? UnixTime(seconds: top) : nil,
            limit: largestAnswer > 0 ? min(limit, tooLarge) : limit)
    }

    /// Events from which on an answer may have been cut.
    private var tooLarge: Int { Swift.max(largestAnswer / 2, SecondPlan.smallestSuspect) }

    /// Takes one conclusive answer in.
    /// - Parameters:
    ///   - limit: what was asked for.
    mutating func absorb(_ facts: PageFacts, limit: Int) -> Verdict {
        let inside = facts.received - facts.older - facts.newer
        largestAnswer = max(largestAnswer, inside)
        if inside >= min(limit, tooLarge) {
            begin()
            guard from < top else { return .crowded(UnixTime(seconds: from), facts.events) }
            narrow()
            return .more
        }
        answers += 1
        let before = seen.count
        seen.formUnion(facts.events.map(\.id))
        guard answers > 1, seen.count == before else { return .more }
        let proven = from
        span = nextSpan
        leave()
        return .proven(from: UnixTime(seconds: proven))
    }

    /// The newer part of a window that is too large: what was the right length before, or half of it.
    private mutating func narrow() {
        if top == .max, from <= now {
            from = now + 1
        } else if top < .max, let length = earlierSpan, length > 0, length <= top - from {
            from = top - length + 1
        } else {
            from += (top - from) / 2 + 1
        }
        if top < .max { earlierSpan = nil }
    }

    /// The window in hand was read some other way, or cannot be read.
    mutating func leave() {
        top = from - 1
        from = Swift.max(lo, span.map { top - $0 + 1 } ?? lo)
        begin()
    }

    /// A little more than half of what would be too large, so that few windows turn out to be.
    private var nextSpan: Int64? {
        guard top < .max else { return nil }
        let length = top - from + 1
        // Events that the new window should have, for each one of this.
        let growth = min(Double(tooLarge) * 0.6 / Double(Swift.max(seen.count, 1)), Self.mostGrowth)
        return Int64(exactly: (Double(length) * growth).rounded(.up)) ?? length
    }

    private mutating func begin() {
        seen.removeAll(keepingCapacity: true)
        answers = 0
    }
}
