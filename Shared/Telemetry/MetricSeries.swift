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

/// A value that goes up and down.
final class GaugeSeries: MeterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    func set(_ new: Int64) { set(Double(new)) }
    func set(_ new: Double) { value.withLock { $0 = new } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ new: Int64) { set(new) }
    func record(_ new: Double) { set(new) }

    var current: Double { value.withLock { $0 } }
}

/// Counts of values by size, with their sum.
final class HistogramSeries: RecorderHandler, TimerHandler {
    struct State {
        var counts: [UInt64]
        var sum = 0.0
    }

    /// Upper bounds, rising; values above the last one are in a bucket of their own.
    let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1_000_000_000) }

    var current: State { state.withLock { $0 } }
}
