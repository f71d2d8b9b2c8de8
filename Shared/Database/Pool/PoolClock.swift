/// The pool's time: durations since the clock was made, so that the state machine needs no clock type.
public struct PoolClock: Sendable {
    /// Time since the clock was made.
    public let now: @Sendable () -> Duration
    /// Sleeps until that time; ends early, with an error, when the task is cancelled.
    public let sleep: @Sendable (_ until: Duration) async throws -> Void

    /// Any clock, from now on.
    public init<Source: Clock>(_ clock: Source) where Source.Duration == Duration {
        let origin = clock.now
        now = { origin.duration(to: clock.now) }
        sleep = { try await clock.sleep(until: origin.advanced(by: $0), tolerance: nil) }
    }
}
