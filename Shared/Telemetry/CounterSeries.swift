internal import Metrics
import Synchronization

/// A value that only grows.
final class CounterSeries: CounterHandler, FloatingPointCounterHandler {
    private let value = Mutex(0.0)

    func increment(by amount: Int64) { increment(by: Double(amount)) }

    /// Negative and endless amounts would make the counter go back or stick; they are left out.
    func increment(by amount: Double) {
        guard amount.isFinite, amount >= 0 else { return }
        value.withLock { $0 += amount }
    }

    /// Prometheus takes a counter that goes back for a restart; a reset inside a process is left out.
    func reset() {}

    var current: Double { value.withLock { $0 } }
}
