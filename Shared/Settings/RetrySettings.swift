/// How often a failing step is tried and how long to wait in between.
public struct RetrySettings: SettingsSection {
    /// Tries altogether, the first one included, 1 to 100. Too few: a restart of the database ends the step.
    public var maxAttempts = 3
    /// Wait after the first failure. Too small: a struggling server is hammered.
    public var initialDelay: Seconds = 1
    /// No wait is longer. Too large: recovery is noticed late.
    public var maxDelay: Seconds = 10
    /// Doubles the wait after each failure; otherwise every wait is `initialDelay`.
    public var exponentialBackoff = true

    /// Three tries, from 1 s to 10 s, doubling.
    public init() {}

    /// The given values, unchecked.
    public init(maxAttempts: Int, initialDelay: Seconds, maxDelay: Seconds, exponentialBackoff: Bool = true) {
        self.maxAttempts = maxAttempts
        self.initialDelay = initialDelay
        self.maxDelay = maxDelay
        self.exponentialBackoff = exponentialBackoff
    }

    /// The wait after the failure of the given try.
    /// - Parameters:
    ///   - attempt: number of the try that failed, from 1.
    ///   - jitter: a random number of 0 to 1 that spreads the wait by 25 % each way; 0.5 does not move it.
    /// - Returns: a wait of at most `maxDelay`.
    public func delay(afterAttempt attempt: Int, jitter: Double = 0.5) -> Duration {
        let doublings = exponentialBackoff ? min(max(attempt, 1), 63) - 1 : 0
        let base = min(initialDelay.value * Double(1 << doublings), maxDelay.value)
        let spread = jitter.isNaN ? 1 : 0.75 + 0.5 * min(max(jitter, 0), 1)
        return .seconds(min(base * spread, maxDelay.value))
    }

    /// Ranges, and `initial_delay` not above `max_delay`.
    public func validate(into problems: inout Validation) {
        problems.check("max_attempts", maxAttempts, in: 1...100)
        problems.check("initial_delay", initialDelay, in: 0...3600)
        problems.check("max_delay", maxDelay, in: 0...86400)
        problems.require(
            initialDelay <= maxDelay, "initial_delay", given: initialDelay.settingText,
            allowed: "at most max_delay (\(maxDelay.settingText))")
    }
}
