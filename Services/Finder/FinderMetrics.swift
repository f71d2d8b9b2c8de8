import Metrics
import Telemetry

/// What Prometheus is told of the Finder's work.
struct FinderMetrics: Sendable {
    let registry: PrometheusRegistry

    /// A batch was stored, the last of its events of this time (Unix seconds).
    func stored(_ report: SourceReport, source: String, upTo committedAt: Int64) {
        Counter(label: "bigbrotr_finder_events_scanned_total", factory: registry).increment(by: report.read)
        Gauge(label: "bigbrotr_finder_watermark_timestamp_seconds", factory: registry).record(committedAt)
        count("bigbrotr_finder_mentions_total", "slot", report.places)
        count("bigbrotr_finder_rejected_total", "reason", report.rejected)
        count("bigbrotr_finder_relays_found_total", "source", [source: report.found])
    }

    private func count(_ label: String, _ dimension: String, _ counts: [String: Int]) {
        for (name, count) in counts where count > 0 {
            Counter(label: label, dimensions: [(dimension, name)], factory: registry).increment(by: count)
        }
    }

    /// Whether this replica is the one that works.
    func active(_ isActive: Bool) {
        Gauge(label: "bigbrotr_finder_active", factory: registry).record(isActive ? 1 : 0)
    }
}
