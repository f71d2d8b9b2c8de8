public import Database

/// The clock of waits and deadlines, injected: it never jumps, and says nothing about the time of day.
public typealias MonotonicClock = PoolClock

extension MonotonicClock {
    /// Waits this long.
    /// - Throws: `CancellationError`.
    public func sleep(for duration: Duration) async throws { try await sleep(now() + duration) }
}

extension Duration {
    /// Whole milliseconds, for logs.
    public var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (thousands, overflows) = seconds.multipliedReportingOverflow(by: 1000)
        return overflows ? .max : thousands.addingReportingOverflow(attoseconds / 1_000_000_000_000_000).partialValue
    }

    /// Seconds as a number, for metrics.
    var secondsNumber: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
