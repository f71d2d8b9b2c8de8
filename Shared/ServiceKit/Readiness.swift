public import Database
import Synchronization

/// What is known about a process being able to work, put together for /readyz.
public final class Readiness: Sendable {
    private struct State {
        var checks: [String: HealthReport.Check]
        var failingSince: Duration?
        var cycleError: String?
    }

    private let state: Mutex<State>
    private let failureLimit: Duration
    private let now: @Sendable () -> Duration
    /// Conditions of every service, in the order they are shown.
    private static let order = ["database", "schema", "cycle"]

    /// Not ready until database and schema have been seen.
    public init(failureLimit: Duration, clock: MonotonicClock) {
        self.failureLimit = failureLimit
        now = clock.now
        let notYet = ["database", "schema"].map { HealthReport.Check($0, isHealthy: false, reason: "no answer yet") }
        state = Mutex(State(checks: Dictionary(uniqueKeysWithValues: notYet.map { ($0.name, $0) })))
    }

    /// Notes a condition; the newest word on a name counts.
    public func note(_ check: HealthReport.Check) { state.withLock { $0.checks[check.name] = check } }

    /// Notes that a cycle was a success.
    public func cycleSucceeded() {
        state.withLock {
            $0.failingSince = nil
            $0.cycleError = nil
        }
    }

    /// Notes that a cycle failed; the reason is a short name.
    public func cycleFailed(_ reason: String) {
        state.withLock {
            $0.failingSince = $0.failingSince ?? now()
            $0.cycleError = reason
        }
    }

    /// All conditions; cycles count against readiness only when they have been failing for longer than the limit.
    public func report() -> HealthReport {
        let now = now()
        let state = state.withLock { $0 }
        let failing = state.failingSince.map { now - $0 }
        let cycle = HealthReport.Check(
            "cycle", isHealthy: failing.map { $0 <= failureLimit } ?? true,
            reason: failing.map { "failing for \($0.components.seconds) s: \(state.cycleError ?? "")" })
        var checks = state.checks
        checks["cycle"] = cycle
        let known = Self.order.compactMap { checks.removeValue(forKey: $0) }
        return HealthReport(known + checks.values.sorted { $0.name < $1.name })
    }
}

extension HealthReport {
    /// The body of /readyz:
    /// `{"ready":false,"service":"finder","checks":[{"name":"database","ok":false,"reason":"..."}]}`
    func json(service: String) -> String {
        let parts = checks.map { check in
            let reason = check.reason.map { ",\"reason\":\(Self.quoted($0))" } ?? ""
            return "{\"name\":\(Self.quoted(check.name)),\"ok\":\(check.isHealthy)\(reason)}"
        }
        let list = parts.joined(separator: ",")
        return "{\"ready\":\(isHealthy),\"service\":\(Self.quoted(service)),\"checks\":[\(list)]}\n"
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars.prefix(500) {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
