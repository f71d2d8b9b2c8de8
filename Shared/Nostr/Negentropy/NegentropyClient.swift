/// The side that asks and learns: one session of set reconciliation with a relay (NIP-77), without input or output.
///
/// It holds no items, so that only those must be loaded which a message asks about. A round: decode the message, load
/// the items of `spans(for:within:)`, call `answer(_:with:)`, send the reply.
public struct NegentropyClient: Sendable {
    private enum State { case new, open, ended }

    /// Most spans that an answer is made of: items of each are loaded by themselves.
    static let mostSpans = 64

    private let limits: NegentropyLimits
    private var state = State.new
    private var have: Set<EventID> = []
    private var need: Set<EventID> = []

    /// Messages of the relay so far.
    public private(set) var rounds = 0
    /// Bytes of messages in both directions so far.
    public private(set) var bytes = 0

    /// A session that has not begun.
    public init(limits: NegentropyLimits = .init()) { self.limits = limits }

    /// The first message, from all items of the window.
    public mutating func open(_ items: NegentropySet) -> [UInt8] {
        var writer = NegentropyWriter()
        NegentropySplitter.append(0..<items.count, of: items, to: .infinity, &writer)
        return open(writer)
    }

    /// The first message, from sums alone. The buckets must hold just the events of the window: at its ends, where a
    /// day is not wholly in it, a bucket is made of items.
    public mutating func open(buckets: [NegentropyBucket]) -> [UInt8] {
        var writer = NegentropyWriter()
        NegentropySplitter.append(buckets, &writer)
        return open(writer)
    }

    /// The seconds whose items an answer to the message needs: closed ranges, ascending, apart from one another.
    ///
    /// Where the answer could fill a frame, it ends in the fingerprint of all that follows, so everything to the end of
    /// the window is needed. Of more than 64 ranges those nearest to each other become one: a message of 1 MiB could
    /// have 150,000.
    public func spans(
        for message: NegentropyMessage, within window: ClosedRange<UnixTime>
    ) -> [ClosedRange<UnixTime>] {
        let open = message.ranges.filter { $0.content != .skip }.compactMap(\.seconds)
        let compared = message.ranges.count { if case .fingerprint = $0.content { true } else { false } }
        if let first = open.first, NegentropyReconciler.mayFillFrame(limits.frameBytes, ranges: compared) {
            return Self.clamp(first.lowerBound...UInt64.max, to: window).map { [$0] } ?? []
        }
        var spans: [ClosedRange<UnixTime>] = []
        for span in open.compactMap({ Self.clamp($0, to: window) }) {
            if let last = spans.last, last.upperBound.seconds >= span.lowerBound.seconds - 1 {
                spans[spans.count - 1] = last.lowerBound...max(last.upperBound, span.upperBound)
            } else {
                spans.append(span)
            }
        }
        return Self.join(spans)
    }

    /// Takes a message of the relay. `items` are those of `spans(for:within:)`, or more.
    ///
    /// The relay's word is all there is: what it claims to have must still be asked for. Costs one pass over the items.
    public mutating func answer(
        _ message: NegentropyMessage, with items: NegentropySet
    ) throws(NegentropyError) -> NegentropyRound {
        guard state == .open else { throw .unexpectedMessage }
        state = .ended
        guard rounds < limits.maxRounds else { throw .tooManyRounds }
        rounds += 1
        bytes += message.byteCount
        guard bytes <= limits.maxSessionBytes else { throw .tooManyBytes }
        var reconciler = NegentropyReconciler(items, isClient: true, frameBytes: limits.frameBytes)
        let reply = reconciler.answer(message)
        // Ranges that did not fit a frame come up again, with ids that are known by then.
        let news = reconciler.have.filter { have.insert($0).inserted }
        let wishes = reconciler.need.filter { need.insert($0).inserted }
        guard reply.count > 1 else { return NegentropyRound(have: news, need: wishes, reply: nil) }
        bytes += reply.count
        state = .open
        return NegentropyRound(have: news, need: wishes, reply: reply)
    }

    private mutating func open(_ writer: NegentropyWriter) -> [UInt8] {
        precondition(state == .new, "a session is opened once")
        state = .open
        bytes += writer.bytes.count
        return writer.bytes
    }

    /// No more spans than an answer may be made of, with the widest spaces between them.
    private static func join(_ spans: [ClosedRange<UnixTime>]) -> [ClosedRange<UnixTime>] {
        guard spans.count > mostSpans else { return spans }
        let space = { spans[$0].lowerBound.seconds - spans[$0 - 1].upperBound.seconds }
        let widest = (1..<spans.count).sorted { (space($0), $1) > (space($1), $0) }.prefix(mostSpans - 1)
        let firsts = [0] + widest.sorted()
        return zip(firsts, firsts.dropFirst() + [spans.count])
            .map { first, next in spans[first].lowerBound...spans[next - 1].upperBound }
    }

    /// The part of a span that lies in the window; nil when there is none.
    private static func clamp(
        _ span: ClosedRange<UInt64>, to window: ClosedRange<UnixTime>
    ) -> ClosedRange<UnixTime>? {
        let first = max(UnixTime(seconds: Int64(clamping: span.lowerBound)), window.lowerBound)
        let last = min(UnixTime(seconds: Int64(clamping: span.upperBound)), window.upperBound)
        return first <= last ? first...last : nil
    }
}
