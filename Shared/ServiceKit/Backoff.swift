public import Settings

/// Waits between tries that get longer until one succeeds.
public struct Backoff: Sendable, Equatable {
    private let settings: RetrySettings
    /// Failures in a row.
    public private(set) var failures = 0

    /// Starts with no failure. The number of tries in the settings is not looked at: the caller decides when to give
    /// up.
    public init(_ settings: RetrySettings) { self.settings = settings }

    /// From `initial` doubling to `ceiling`.
    public init(initial: Seconds, ceiling: Seconds) {
        self.init(RetrySettings(maxAttempts: 1, initialDelay: initial, maxDelay: ceiling))
    }

    /// Counts a failure and says how long to wait now.
    /// - Parameter jitter: a random number of 0 to 1.
    public mutating func next(jitter: Double) -> Duration {
        failures = min(failures + 1, 1_000_000)
        return settings.delay(afterAttempt: failures, jitter: jitter)
    }

    /// After a success the next failure waits the first delay again.
    public mutating func reset() { failures = 0 }
}
