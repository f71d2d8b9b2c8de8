import Metrics

/// What a pool tells about itself. The names are part of what operators rely on.
struct PoolMetrics: Sendable {
    private let size: Gauge
    private let idle: Gauge
    private let inUse: Gauge
    private let waiting: Gauge
    private let wait: Recorder
    private let connects: Counter
    private let failures: Counter
    private let recycled: Counter

    init(_ factory: any MetricsFactory) {
        size = Gauge(label: "bigbrotr_pool_size", factory: factory)
        idle = Gauge(label: "bigbrotr_pool_idle", factory: factory)
        inUse = Gauge(label: "bigbrotr_pool_in_use", factory: factory)
        waiting = Gauge(label: "bigbrotr_pool_waiting", factory: factory)
        wait = Recorder(label: "bigbrotr_pool_wait_seconds", factory: factory)
        connects = Counter(label: "bigbrotr_pool_connects_total", factory: factory)
        failures = Counter(label: "bigbrotr_pool_connect_failures_total", factory: factory)
        recycled = Counter(label: "bigbrotr_pool_recycled_total", factory: factory)
    }

    func show(_ counts: PoolStateMachine.Counts) {
        size.record(counts.live)
        idle.record(counts.idle)
        inUse.record(counts.leased)
        waiting.record(counts.waiting)
    }

    func waited(_ duration: Duration) { wait.record(duration.inSeconds) }
    func connected() { connects.increment() }
    func failed() { failures.increment() }
    func wasRecycled() { recycled.increment() }
}
