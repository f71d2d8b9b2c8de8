internal import Database
internal import Logging
internal import Metrics
internal import Settings
internal import Telemetry

/// The loop around cycles: the only place that catches everything.
extension BaseService {
    /// Repeats cycles until shutdown is requested or the task is cancelled.
    /// - Parameters:
    ///   - interval: from the end of a successful cycle to the next; after failed ones in a row a wait that doubles.
    ///   - readiness: told how each cycle ended.
    public func runForever(interval: Duration, readiness: Readiness? = nil) async {
        let retry = context.core.pool.retry
        var backoff = Backoff(
            RetrySettings(maxAttempts: 1, initialDelay: retry.initialDelay, maxDelay: Self.longestRetry))
        // Replicas and restarts that begin together spread.
        let spread = min(interval, Self.longestFirstDelay) * context.randomness()
        guard await context.shutdown.pause(for: spread, clock: context.clock) else { return }
        var number = 0
        while !context.shutdown.isRequested, !Task.isCancelled {
            number += 1
            let outcome = await cycle(number, readiness: readiness)
            if outcome?.success == true { backoff.reset() }
            let pause = outcome?.success == true ? interval : backoff.next(jitter: context.randomness())
            await context.shutdown.pause(for: max(pause, Self.shortestPause), clock: context.clock)
        }
    }

    /// Shows the series of cycles at 0: a rate over one that appears with its first cycle would miss that.
    nonisolated func registerCycles() {
        _ = Recorder(label: MetricName.cycleDuration, factory: context.metrics)
        for outcome in ["success", "failure"] {
            Counter(label: MetricName.cycles, dimensions: [("outcome", outcome)], factory: context.metrics)
                .increment(by: 0)
        }
    }

    /// Runs one cycle, saves the state, counts and logs.
    /// - Returns: nil when the cycle was interrupted by the end of the service.
    @discardableResult
    public func cycle(_ number: Int, readiness: Readiness? = nil) async -> Outcome? {
        let start = context.clock.now()
        do {
            var outcome = try await run()
            // The wall clock is only told to readers of the state; nothing is decided by it.
            state.lastRunAt = LogTime.now().milliseconds / 1000
            // A failed cycle may have left no place to save to: its own report must not be lost over that.
            do { try await saveState() } catch let error as DatabaseError where !outcome.success {
                context.logger.warning("state_not_saved", metadata: [LogKey.errorKind: "\(error.kind.rawValue)"])
            }
            outcome.duration = context.clock.now() - start
            completed(outcome, number, readiness)
            return outcome
        } catch is CancellationError {
            return nil
        } catch {
            return failed(error, number, after: context.clock.now() - start, readiness)
        }
    }

    private func completed(_ outcome: Outcome, _ number: Int, _ readiness: Readiness?) {
        outcome.success ? readiness?.cycleSucceeded() : readiness?.cycleFailed("cycle_failed")
        count(outcome.success, outcome.duration, errorKind: outcome.success ? nil : "cycle_failed")
        var fields: Logger.Metadata = [
            LogKey.cycleID: .stringConvertible(number), LogKey.outcome: outcome.success ? "success" : "failure",
            LogKey.durationMS: .stringConvertible(outcome.duration.wholeMilliseconds),
            LogKey.detail: "\(outcome.message)",
        ]
        for (name, value) in outcome.metrics {
            switch value {
            case .count(let count): fields[LogKey.count(name)] = .stringConvertible(count)
            case .measure(let measure): fields[name] = .stringConvertible(measure)
            }
        }
        if !outcome.errors.isEmpty {
            fields[LogKey.count("errors")] = .stringConvertible(outcome.errors.count)
            fields[LogKey.errors] = .array(outcome.errors.prefix(5).map { .string($0) })
        }
        context.logger.log(level: Self.level(of: outcome, number), "cycle_completed", metadata: fields)
    }

    /// Services that look for work every second say so once; then only cycles that found some are worth a line.
    private static func level(of outcome: Outcome, _ number: Int) -> Logger.Level {
        guard outcome.success else { return .error }
        return number == 1 || outcome.metrics.values.contains { $0.isPositive } ? .info : .debug
    }

    private func failed(
        _ error: any Error, _ number: Int, after duration: Duration, _ readiness: Readiness?
    ) -> Outcome {
        let kind = ErrorKind.name(of: error)
        readiness?.cycleFailed(kind)
        count(false, duration, errorKind: kind)
        context.logger.error(
            "cycle_failed",
            metadata: [
                LogKey.cycleID: .stringConvertible(number), LogKey.errorKind: "\(kind)", LogKey.error: "\(error)",
                LogKey.durationMS: .stringConvertible(duration.wholeMilliseconds),
            ])
        return Outcome(success: false, message: "\(error)", duration: duration, errors: [kind])
    }

    private func count(_ success: Bool, _ duration: Duration, errorKind: String?) {
        let metrics = context.metrics
        Recorder(label: MetricName.cycleDuration, factory: metrics).record(duration.secondsNumber)
        let outcome = [("outcome", success ? "success" : "failure")]
        Counter(label: MetricName.cycles, dimensions: outcome, factory: metrics).increment()
        guard let errorKind else { return }
        Counter(label: MetricName.errors, dimensions: [("kind", errorKind)], factory: metrics).increment()
    }

    private static var longestFirstDelay: Duration { .seconds(2) }
    private static var longestRetry: Seconds { 30 }
    /// Even an interval of zero lets other tasks run and shutdown be seen.
    private static var shortestPause: Duration { .milliseconds(10) }
}
