internal import Nostr

/// The decisions for a relay whose pages are in no order: windows of time small enough that an answer cannot have been
/// cut, newest first.
///
/// A window counts as read when its answer is clearly smaller than what the relay is able to give and a second, equal
/// question adds nothing; otherwise it is halved. Pure.
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

    /// The present by the database's clock, where a window without end is cut first.
    private let now: Int64
    /// Windows still to be read, oldest first; the last one is in hand.
    private var windows: [ClosedRange<Int64>]
    private var seen: Set<EventID> = []
    private var answers = 0
    /// Events of the largest answer to this plan. What the relay gave in other times says nothing of its cap now.
    private var largestAnswer = 0

    /// Windows from `lo` to `top`; nil for no end.
    init(lo: UnixTime, top: UnixTime?, now: UnixTime) {
        self.now = now.seconds
        windows = [lo.seconds...Swift.max(lo.seconds, top?.seconds ?? .max)]
    }

    /// True when every window was read.
    var isOver: Bool { windows.isEmpty }

    /// The question about the window in hand.
    func request(limit: Int) -> PageRequest {
        let window = windows.last ?? 0...0
        return PageRequest(
            since: window.lowerBound > 0 ? UnixTime(seconds: window.lowerBound) : nil,
            until: window.upperBound < .max ? UnixTime(seconds: window.upperBound) : nil, limit: limit)
    }

    /// Takes one conclusive answer in.
    /// - Parameters:
    ///   - limit: what was asked for.
    mutating func absorb(_ facts: PageFacts, limit: Int) -> Verdict {
        guard let window = windows.last else { return .more }
        let inside = facts.received - facts.older - facts.newer
        largestAnswer = max(largestAnswer, inside)
        if SecondPlan.mayBeCut(inside, limit: limit, capSeen: largestAnswer) {
            begin()
            guard window.lowerBound < window.upperBound else {
                return .crowded(UnixTime(seconds: window.lowerBound), facts.events)
            }
            windows.removeLast()
            let middle = middle(of: window)
            windows += [window.lowerBound...middle, (middle + 1)...window.upperBound]
            return .more
        }
        answers += 1
        let before = seen.count
        seen.formUnion(facts.events.map(\.id))
        guard answers > 1, seen.count == before else { return .more }
        leave()
        return .proven(from: UnixTime(seconds: window.lowerBound))
    }

    /// The window in hand was read some other way, or cannot be read.
    mutating func leave() {
        _ = windows.popLast()
        begin()
    }

    private mutating func begin() {
        seen.removeAll(keepingCapacity: true)
        answers = 0
    }

    private func middle(of window: ClosedRange<Int64>) -> Int64 {
        if window.upperBound == .max, window.lowerBound <= now { return now }
        return window.lowerBound + (window.upperBound - window.lowerBound) / 2
    }
}
