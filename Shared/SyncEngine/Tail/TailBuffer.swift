internal import RelayClient
internal import Settings

/// Live events of one relay on their way to the next commit: how many may wait, and when they are due. Pure.
struct TailBuffer: Sendable {
    /// Events that came together.
    struct Arrival: Sendable {
        let chunk: EventChunk
        /// When they came, by the monotonic clock.
        let at: Duration
    }

    private let mostEvents: Int
    private let mostBytes: Int
    private let interval: Duration
    private var arrivals: [Arrival] = []
    private var lastTaken: Duration?
    private(set) var events = 0
    private(set) var bytes = 0

    init(_ settings: TailSettings) {
        mostEvents = settings.groupEvents
        mostBytes = settings.groupBytes.bytes
        interval = settings.flushInterval.duration
    }

    var isEmpty: Bool { arrivals.isEmpty }

    /// No more may be read before these are taken.
    var isFull: Bool { events >= mostEvents || bytes >= mostBytes }

    /// When the group is to be stored: at once after a silence, then at intervals, and at once when it is full. Nil
    /// while nothing waits.
    var dueAt: Duration? {
        guard let first = arrivals.first else { return nil }
        guard !isFull, let lastTaken else { return first.at }
        return max(first.at, lastTaken + interval)
    }

    mutating func add(_ chunk: EventChunk, at now: Duration) {
        arrivals.append(Arrival(chunk: chunk, at: now))
        events += chunk.ranges.count
        bytes += chunk.bytes.count
    }

    /// Hands the group over.
    mutating func take(at now: Duration) -> [Arrival] {
        guard !arrivals.isEmpty else { return [] }
        defer { (arrivals, events, bytes, lastTaken) = ([], 0, 0, now) }
        return arrivals
    }
}
