import Logging
import Metrics
import Nostr
import RelayClient
import ServiceKit
import Synchronization
import Telemetry

/// Adds up what became of publications: per cycle for the outcome, and for ever in the metrics.
final class PublishTally: Sendable {
    private struct Cycle {
        var accepted = 0
        var refused = 0
        var unanswered = 0
        var dropped = 0
    }

    private let registry: PrometheusRegistry
    private let logger: Logger
    private let cycle = Mutex(Cycle())

    init(registry: PrometheusRegistry, logger: Logger) {
        self.registry = registry
        self.logger = logger
    }

    /// Forgets the last cycle's sums.
    func beginCycle() { cycle.withLock { $0 = Cycle() } }

    /// The sums since then, for the outcome.
    var metrics: [String: Outcome.Metric] {
        let sums = cycle.withLock { $0 }
        return [
            "events_published": .count(Int64(sums.accepted)), "publications_refused": .count(Int64(sums.refused)),
            "publications_unanswered": .count(Int64(sums.unanswered)),
            "publications_dropped": .count(Int64(sums.dropped)),
        ]
    }

    /// A relay answered to an event, or did not.
    /// - Parameter skipped: older events of its address that the relay never got, because this one took their place.
    func answered(_ url: RelayURL, _ end: PublicationEnd, skipped: Int) {
        let outcome: String
        switch end {
        case .accepted, .refused(.duplicate?, _):
            outcome = "accepted"
            cycle.withLock { $0.accepted += 1 }
            drop("replaced", skipped)
        case .refused(let prefix, _):
            outcome = "refused" + (prefix.map { "_" + $0.rawValue.map { $0 == "-" ? "_" : String($0) }.joined() } ?? "")
            cycle.withLock { $0.refused += 1 }
        case .unanswered, .broken:
            outcome = "unanswered"
            cycle.withLock { $0.unanswered += 1 }
        case .cancelled: return
        }
        Counter(
            label: "bigbrotr_monitor_published_total", dimensions: [("relay", url.text), ("outcome", outcome)],
            factory: registry
        ).increment()
    }

    /// Deliveries were given up.
    func dropped(_ counts: [(reason: String, count: Int)]) {
        for (reason, count) in counts { drop(reason, count) }
    }

    /// A visit is over: says when something is wrong with a relay, or is no longer.
    func visited(_ url: RelayURL, _ last: PublishLedger.Settlement, isStored: Bool) {
        guard isStored, let error = last.error else { return }
        logger.log(
            level: last.fails == 1 ? .info : .debug, "publishing_failed",
            metadata: [
                LogKey.relay: "\(url)", LogKey.reason: "\(error)",
                LogKey.delayMS: .stringConvertible(last.wait.wholeMilliseconds),
            ])
    }

    /// How many events wait for each relay.
    func waiting(_ targets: [MonitorState.Target]) {
        for target in targets {
            Gauge(
                label: "bigbrotr_monitor_publish_waiting", dimensions: [("relay", target.relay)], factory: registry
            ).record(target.waiting)
        }
    }

    private func drop(_ reason: String, _ count: Int) {
        guard count > 0 else { return }
        cycle.withLock { $0.dropped += count }
        Counter(
            label: "bigbrotr_monitor_publish_dropped_total", dimensions: [("reason", reason)], factory: registry
        ).increment(by: count)
    }
}
