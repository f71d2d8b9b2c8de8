internal import Metrics
import Synchronization

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
