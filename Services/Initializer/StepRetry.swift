import Database
import Logging
import ServiceKit
import Settings
import Telemetry

/// Tries again what failed by the state of the database or by others who work on it, never what is wrong in itself.
struct StepRetry: Sendable {
    let settings: RetrySettings
    let context: ServiceContext

    /// Roles and extensions belong to the cluster: installations of two databases meet there without a common lock.
    /// "tuple concurrently updated", unique violation, object exists, object in use.
    private static let crossings: Set<String> = ["XX000", "23505", "42710", "55006"]

    /// Runs the body, again after a wait as long as `settings` allow. It must be something that may run twice.
    func run<Result>(
        _ step: String, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async throws -> Result {
        var attempt = 1
        while true {
            do {
                return try await body()
            } catch let error as DatabaseError {
                guard attempt < settings.maxAttempts, Self.mayPass(error) else { throw error }
                let pause = settings.delay(afterAttempt: attempt, jitter: context.randomness())
                context.logger.warning(
                    "step_retried",
                    metadata: [
                        LogKey.step: "\(step)", LogKey.attempt: .stringConvertible(attempt),
                        LogKey.delayMS: .stringConvertible(pause.wholeMilliseconds),
                        LogKey.errorKind: "\(error.kind.rawValue)", LogKey.error: "\(error)",
                    ])
                attempt += 1
                guard await context.shutdown.pause(for: pause, clock: context.clock) else { throw CancellationError() }
            }
        }
    }

    /// Whether the same may succeed later.
    static func mayPass(_ error: DatabaseError) -> Bool {
        if let state = error.sqlState, crossings.contains(state) { return true }
        if case .retry = error.disposition { return error.kind != .schemaMismatch }
        return false
    }
}
