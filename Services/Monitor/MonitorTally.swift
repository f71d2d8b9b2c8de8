import Logging
import Metrics
import Nostr
import ServiceKit
import Synchronization
import Telemetry

/// Adds up what checks found: per cycle for the outcome, and for ever in the metrics.
final class MonitorTally: Sendable {
    /// The sums of one cycle.
    struct Cycle: Sendable, Equatable {
        /// Checks that were stored.
        var checks = 0
        /// Those that the relay answered.
        var answered = 0
        /// Relays whose status changed.
        var changed = 0
        /// Information documents that were read.
        var documents = 0
        /// Relays that were found to be others by a second name.
        var aliases = 0
        /// Leases that another replica had taken over when the check was to be stored.
        var leasesLost = 0
        /// Checks that could not be stored.
        var failures = 0
        /// Why relays did not answer.
        var reasons: [String: Int] = [:]

        /// The cycle for logs. Relays that are down are ordinary; a database that fails is not.
        var outcome: Outcome {
            Outcome(
                success: failures == 0, message: "\(checks) relays checked, \(answered) answered, \(changed) changed",
                errors: failures == 0 ? [] : ["\(failures) checks could not be stored"],
                metrics: [
                    "relays_checked": .count(Int64(checks)), "relays_answered": .count(Int64(answered)),
                    "relays_changed": .count(Int64(changed)), "documents": .count(Int64(documents)),
                    "aliases": .count(Int64(aliases)), "leases_lost": .count(Int64(leasesLost)),
                ])
        }
    }

    private struct State {
        var cycle = Cycle()
        var toldAt = Duration.zero
        var told = 0
    }

    /// From one line of progress to the next, within a cycle.
    private static let progressInterval = Duration.seconds(60)

    private let registry: PrometheusRegistry
    private let logger: Logger
    private let state = Mutex(State())

    init(registry: PrometheusRegistry, logger: Logger) {
        self.registry = registry
        self.logger = logger
    }

    /// The sums since `beginCycle`.
    var cycle: Cycle { state.withLock { $0.cycle } }

    /// Forgets the last cycle's sums.
    func beginCycle(at now: Duration) { state.withLock { $0 = State(toldAt: now) } }

    /// Relays were claimed: how late the latest of them is.
    func claimed(_ leases: [CheckLease], _ queue: CheckQueue) {
        let lateness = leases.compactMap(\.standing.lateness).max() ?? .zero
        let dimensions = [("network", queue.network.rawValue), ("queue", "\(queue.kind)")]
        Gauge(label: "bigbrotr_monitor_lateness_seconds", dimensions: dimensions, factory: registry)
            .record(max(lateness, .zero).components.seconds)
    }

    /// Relays were looked at for second names.
    func compared(_ result: (compared: Int64, aliases: Int64)) {
        state.withLock { $0.cycle.aliases += Int(clamping: result.aliases) }
    }

    /// Checks that run in a network.
    func running(_ count: Int, _ network: Network) {
        Gauge(label: "bigbrotr_monitor_running", dimensions: [("network", network.rawValue)], factory: registry)
            .record(count)
    }

    /// A check came to its end.
    /// - Parameter isStored: false when the lease was lost.
    func checked(
        _ lease: CheckLease, _ report: CheckReport, _ decision: MonitorPlan.Decision, isStored: Bool, took: Duration
    ) {
        let hasChanged = isStored && decision.status != lease.standing.status
        state.withLock { state in
            guard isStored else { return state.cycle.leasesLost += 1 }
            state.cycle.checks += 1
            state.cycle.answered += report.isUp ? 1 : 0
            state.cycle.changed += hasChanged ? 1 : 0
            state.cycle.documents += report.nip11?.document == nil ? 0 : 1
            if let reason = report.reason { state.cycle.reasons[reason, default: 0] += 1 }
        }
        let outcome = isStored ? report.isUp ? "up" : "down" : "lease_lost"
        count("checks", [("network", lease.url.network.rawValue), ("outcome", outcome)])
        if let reason = report.reason { count("failures", [("reason", reason)]) }
        if hasChanged { count("transitions", [("status", decision.status.rawValue)]) }
        Recorder(label: "bigbrotr_monitor_check_duration_seconds", factory: registry)
            .record(Double(took.milliseconds) / 1000)
        log(lease, report, decision, hasChanged, took)
    }

    /// A check could not be stored.
    func failed(_ error: any Error, _ lease: CheckLease) {
        let kind = ErrorKind.name(of: error)
        state.withLock { $0.cycle.failures += 1 }
        Counter(label: MetricName.errors, dimensions: [("kind", kind)], factory: registry).increment()
        logger.warning("check_not_stored", metadata: [LogKey.relay: "\(lease.url)", LogKey.errorKind: "\(kind)"])
    }

    /// Says once in a while how a long cycle gets on.
    func logProgress(at now: Duration) {
        let cycle: Cycle? = state.withLock { state in
            guard now - state.toldAt >= Self.progressInterval, state.cycle.checks > state.told else { return nil }
            (state.toldAt, state.told) = (now, state.cycle.checks)
            return state.cycle
        }
        guard let cycle else { return }
        logger.info(
            "check_progress",
            metadata: [
                LogKey.count("relays_checked"): .stringConvertible(cycle.checks),
                LogKey.count("relays_answered"): .stringConvertible(cycle.answered),
                LogKey.reasons: .dictionary(cycle.reasons.mapValues { .stringConvertible($0) }),
            ])
    }

    /// The first verdict on a relay is no news; later changes are.
    private func log(
        _ lease: CheckLease, _ report: CheckReport, _ decision: MonitorPlan.Decision, _ hasChanged: Bool,
        _ took: Duration
    ) {
        let before = lease.standing.status
        let isNews = hasChanged && before != .unknown
        logger.log(
            level: isNews ? .info : .debug, isNews ? "relay_changed" : "relay_checked",
            metadata: [
                LogKey.relay: "\(lease.url)", LogKey.detail: "\(before.rawValue) to \(decision.status.rawValue)",
                LogKey.reason: "\(report.reason ?? "answered")",
                LogKey.durationMS: .stringConvertible(took.wholeMilliseconds),
            ])
    }

    private func count(_ what: String, _ dimensions: [(String, String)]) {
        Counter(label: "bigbrotr_monitor_\(what)_total", dimensions: dimensions, factory: registry).increment()
    }
}
