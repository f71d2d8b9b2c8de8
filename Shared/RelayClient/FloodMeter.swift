/// Counts what may come only so often in a time.
struct FloodMeter: Equatable {
    private let limit: Int
    private let window: Duration
    private var windowStart: Duration?
    private var count = 0

    init(limit: Int, window: Duration) {
        self.limit = limit
        self.window = window
    }

    /// Counts one more at monotonic time `now`; true when that is one too many.
    mutating func isFlooded(at now: Duration) -> Bool {
        if let start = windowStart, now - start < window {
            count += 1
        } else {
            windowStart = now
            count = 1
        }
        return count > limit
    }
}
