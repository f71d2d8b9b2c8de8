public import Logging
internal import Metrics
internal import Nostr
public import ServiceKit
internal import Synchronization
public import Telemetry

/// Adds up what visits did: per cycle for the outcome, and for ever in the metrics.
public final class SyncTally: Sendable {
    /// The sums of one cycle.
    public struct Cycle: Sendable, Equatable {
        /// Visits that ended.
        public fileprivate(set) var visits = 0
        /// Visits that failed.
        public fileprivate(set) var failures = 0
        /// Visits that the database ended.
        public fileprivate(set) var databaseFailures = 0
        /// EVENT messages received.
        public fileprivate(set) var eventsReceived = 0
        /// Events stored for the first time.
        public fileprivate(set) var eventsNew = 0
        /// Sightings stored.
        public fileprivate(set) var sightingsNew = 0
        /// Events rejected, by reason.
        public fileprivate(set) var rejected: [String: Int] = [:]

        /// The cycle for logs and `service_state`. Relays that fail are ordinary; a database that fails is not.
        public var outcome: Outcome {
            Outcome(
                success: databaseFailures == 0,
                message: "\(visits) relays visited, \(eventsNew) new events, \(sightingsNew) new sightings",
                errors: databaseFailures == 0 ? [] : ["\(databaseFailures) visits ended by the database"],
                metrics: [
                    "relays_visited": .count(Int64(visits)), "relays_failed": .count(Int64(failures)),
                    "events_received": .count(Int64(eventsReceived)), "events_new": .count(Int64(eventsNew)),
                    "sightings_new": .count(Int64(sightingsNew)),
                    "events_rejected": .count(Int64(rejected.values.reduce(0, +))),
                ])
        }
    }

    private let metrics: PrometheusRegistry
    private let logger: Logger
    private let state = Mutex(Cycle())
    private let followed = Mutex<[Network: Int]>([:])

    /// A tally that reports into `metrics` and, per visit at debug level, to `logger`.
    public init(metrics: PrometheusRegistry, logger: Logger) {
        self.metrics = metrics
        self.logger = logger
    }

    /// The sums since the last call.
    public func takeCycle() -> Cycle {
        state.withLock { cycle in
            defer { cycle = Cycle() }
            return cycle
        }
    }

    /// Adds one visit.
    public func count(_ visit: VisitReport) {
        state.withLock { cycle in
            cycle.visits += 1
            if case .failed = visit.ending { cycle.failures += 1 }
            if case .databaseFailed(let kind) = visit.ending {
                if ReleasePlan.isOfData(kind) { cycle.failures += 1 } else { cycle.databaseFailures += 1 }
            }
            cycle.eventsReceived += visit.eventsReceived
            cycle.eventsNew += visit.eventsNew
            cycle.sightingsNew += visit.sightingsNew
            cycle.rejected.merge(visit.rejected, uniquingKeysWith: +)
        }
        log(visit)
        increment(
            "bigbrotr_relay_visits_total", 1, [("outcome", visit.ending.word), ("network", visit.network.rawValue)])
        if let kind = visit.ending.errorKind { increment(MetricName.errors, 1, [("kind", kind)]) }
        increment("bigbrotr_events_total", visit.eventsNew, [("outcome", "new")])
        increment("bigbrotr_events_total", visit.eventsKnown, [("outcome", "known")])
        increment("bigbrotr_events_total", visit.eventsEphemeral, [("outcome", "ephemeral")])
        increment("bigbrotr_events_total", visit.eventsErased, [("outcome", "erased")])
        increment("bigbrotr_events_rejected_total", visit.rejected)
        increment("bigbrotr_sets_inconclusive_total", visit.setsInconclusive)
        increment("bigbrotr_relay_oddities_total", visit.oddities)
        increment("bigbrotr_phantoms_total", visit.phantoms, [])
        increment("bigbrotr_sightings_total", visit.sightingsNew, [])
        increment("bigbrotr_pages_total", visit.pages, by: "outcome")
        increment("bigbrotr_event_bytes_total", visit.bytes, [])
        increment("bigbrotr_signatures_checked_total", visit.signaturesChecked, [])
    }

    /// Counts what becomes of open subscriptions.
    public func count(_ happening: TailHappening) {
        switch happening {
        case .began(let network): follow(network, 1)
        case .ended(let network, let reason):
            follow(network, -1)
            increment("bigbrotr_tails_ended_total", 1, [("reason", reason)])
        case .stored(let events, let delays):
            increment("bigbrotr_live_events_total", events, [])
            let timer = Timer(label: "bigbrotr_live_delay_seconds", dimensions: [], factory: metrics)
            for delay in delays { timer.record(duration: delay) }
        }
    }

    private func follow(_ network: Network, _ change: Int) {
        let dimensions = [("network", network.rawValue)]
        followed.withLock { followed in
            followed[network, default: 0] += change
            Meter(label: "bigbrotr_relays_followed", dimensions: dimensions, factory: metrics)
                .set(followed[network, default: 0])
        }
    }

    private func increment(_ label: String, _ count: Int, _ dimensions: [(String, String)]) {
        guard count > 0 else { return }
        Counter(label: label, dimensions: dimensions, factory: metrics).increment(by: count)
    }

    private func increment(_ label: String, _ counts: [String: Int], by dimension: String = "reason") {
        for (word, count) in counts { increment(label, count, [(dimension, word)]) }
    }

    private func log(_ visit: VisitReport) {
        logger.debug(
            "relay_visited",
            metadata: [
                LogKey.relay: "\(visit.url)", LogKey.network: "\(visit.network)",
                LogKey.outcome: "\(visit.ending.word)",
                LogKey.reason: "\(visit.ending.reason ?? "")",
                LogKey.count("pages"): .stringConvertible(visit.pages.values.reduce(0, +)),
                LogKey.count("events_received"): .stringConvertible(visit.eventsReceived),
                LogKey.count("events_new"): .stringConvertible(visit.eventsNew),
                LogKey.reasons: .dictionary(visit.oddReasons),
            ])
    }
}

extension VisitReport {
    /// How often each reason occurred for which something was not taken as it came.
    fileprivate var oddReasons: Logger.Metadata {
        let all = [rejected, pages.filter { $0.key != VisitReport.conclusive }, setsInconclusive, oddities]
        return all.reduce(into: [String: Int]()) { $0.merge($1, uniquingKeysWith: +) }
            .mapValues { .stringConvertible($0) }
    }
}

extension VisitReport.Ending {
    /// A stable word for logs and metrics.
    public var word: String {
        switch self {
        case .complete: "complete"
        case .yielded: "yielded"
        case .stuck: "stuck"
        case .failed: "failed"
        case .unpageable: "unpageable"
        case .leaseLost: "lease_lost"
        case .addressBusy: "address_busy"
        case .overlapping: "overlapping"
        case .ignored: "ignored"
        case .databaseFailed: "database_failed"
        }
    }

    /// The kind of the error that ended it: the relay's or the database's.
    var errorKind: String? {
        switch self {
        case .failed(let kind), .databaseFailed(let kind): kind
        default: nil
        }
    }

    /// Why it ended so, where there is more to say.
    public var reason: String? {
        switch self {
        case .failed(let kind), .databaseFailed(let kind): kind
        case .unpageable(let reason): reason.word
        default: nil
        }
    }
}
