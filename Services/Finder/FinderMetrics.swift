import Metrics
import Nostr
import Telemetry

/// What Prometheus is told of the Finder's work.
struct FinderMetrics: Sendable {
    let registry: PrometheusRegistry

    /// A batch of events was stored, the last of them of this time (Unix seconds).
    func scanned(_ report: SourceReport, upTo committedAt: Int64) {
        Counter(label: "bigbrotr_finder_events_scanned_total", factory: registry).increment(by: report.read)
        Gauge(label: "bigbrotr_finder_watermark_timestamp_seconds", factory: registry).record(committedAt)
        stored(report, source: FinderStore.events)
    }

    /// A source was asked, and what it said was stored.
    func asked(_ source: String, _ result: APISourceResult, _ report: SourceReport) {
        Counter(
            label: "bigbrotr_finder_source_requests_total",
            dimensions: [("source", source), ("outcome", result.outcome)], factory: registry
        ).increment()
        gauge("bigbrotr_finder_source_failures", source, result.state.failures ?? 0)
        if result.outcome == "listed" { gauge("bigbrotr_finder_source_urls", source, result.urls.count) }
        stored(report, source: source)
    }

    /// A name was looked up, and what its document lists was stored.
    func lookedUp(_ outcome: String, _ report: SourceReport) {
        count("bigbrotr_finder_nip05_requests_total", "outcome", [outcome: 1])
        stored(report, source: RelaySlot.nip05.rawValue)
    }

    private func stored(_ report: SourceReport, source: String) {
        count("bigbrotr_finder_mentions_total", "slot", report.places)
        count("bigbrotr_finder_rejected_total", "reason", report.rejected)
        count("bigbrotr_finder_relays_found_total", "source", [source: report.found])
    }

    private func gauge(_ label: String, _ source: String, _ value: Int) {
        Gauge(label: label, dimensions: [("source", source)], factory: registry).record(value)
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
