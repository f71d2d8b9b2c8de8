import NIOCore

/// When a connection looks at its clock next. Event loop only.
struct SessionTimer {
    private var next: Scheduled<Void>?
    private var interval = Duration.seconds(1)

    /// Whether time is kept at present.
    var isRunning: Bool { next != nil }

    /// Ticks from now on, often enough for this patience too: what it ends is late by at most a quarter of it.
    mutating func keep(_ patience: Duration, on loop: any EventLoop, _ tick: @escaping () -> Void) {
        let enough = min(.seconds(1), max(patience / 4, .milliseconds(5)))
        guard isRunning else {
            interval = enough
            return schedule(on: loop, tick)
        }
        interval = min(interval, enough)
    }

    /// Ticks once more, an interval from now.
    mutating func schedule(on loop: any EventLoop, _ tick: @escaping () -> Void) {
        next?.cancel()
        next = loop.assumeIsolated().scheduleTask(in: TimeAmount(interval), tick)
    }

    /// Ticks no more.
    mutating func stop() {
        next?.cancel()
        next = nil
    }
}
