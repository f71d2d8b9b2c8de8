internal import Database
internal import ServiceKit
internal import Synchronization

/// How often something is done that runs beside cycles, which may be shorter or longer than that.
final class Pace: Sendable {
    private let interval: Duration
    private let clock: MonotonicClock
    private let next = Mutex(Duration.zero)

    init(_ interval: Duration, _ clock: MonotonicClock) {
        self.interval = interval
        self.clock = clock
    }

    /// When it may be done again, by the monotonic clock.
    var dueAt: Duration { next.withLock { $0 } }

    /// Whether it is due; then it is not again for an interval.
    func begin() -> Bool {
        let now = clock.now()
        return next.withLock { dueAt in
            guard dueAt <= now else { return false }
            dueAt = now + interval
            return true
        }
    }
}
