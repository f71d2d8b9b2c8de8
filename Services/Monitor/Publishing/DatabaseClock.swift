import Database
import Nostr
import ServiceKit
import Synchronization

/// The time of day by the database's clock, for what is shown to relays. Known from the first claim on.
final class DatabaseClock: Sendable {
    private let clock: MonotonicClock
    private let seen = Mutex<(seconds: Int64, at: Duration)?>(nil)

    init(_ clock: MonotonicClock) { self.clock = clock }

    /// The database said what time it is.
    func note(_ seconds: Int64) { seen.withLock { $0 = (seconds, clock.now()) } }

    /// Unix seconds; nil when the database has not said any yet.
    func now() -> UnixTime? {
        seen.withLock { $0 }.map { UnixTime(seconds: $0.seconds + (clock.now() - $0.at).components.seconds) }
    }
}
