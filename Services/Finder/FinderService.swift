import Database
import Logging
import ServiceKit
import Settings

/// Discovers relays in archived events and by asking APIs, on whichever replica holds the lease `finder`.
actor FinderService: BaseService {
    static let serviceName = "finder"

    nonisolated let context: ServiceContext
    var state = FinderState()

    private let config: FinderConfig
    private let store: FinderStore
    private let sources: [any CandidateSource]
    private let ranking: Ranking

    init(config: FinderConfig, context: ServiceContext) {
        self.context = context
        self.config = config
        store = FinderStore(brotr: context.brotr, queryTimeout: config.timeouts.dbQuery.duration)
        var sources: [any CandidateSource] = []
        if config.eventScan.enabled { sources.append(EventScan(context, store, config)) }
        if config.api.enabled { sources.append(APISources(context, store, config)) }
        if config.nip05.enabled { sources.append(NIP05Names(context, store, config)) }
        self.sources = sources
        ranking = Ranking(context, config)
    }

    /// Longer than a request or a pause of the cycle: the lease is renewed before each of them, but not while two
    /// thirds of it are left.
    private var leaseTTL: Duration {
        var waits: [Duration] = []
        if config.api.enabled {
            waits = config.api.sources.filter(\.enabled).map(\.timeout.duration) + [config.api.requestDelay.duration]
        }
        if config.nip05.enabled { waits.append(config.nip05.timeout.duration) }
        return config.lease.ttl.duration + (waits.max() ?? .zero) * 3 / 2
    }

    /// Asks every source for what is new and ranks it, or lets the replica work that already does.
    func run() async throws -> Outcome {
        let lease = try await FinderLease.claim(context, ttl: leaseTTL)
        FinderMetrics(registry: context.metrics).active(lease != nil)
        var outcome = Outcome(success: true, message: "another replica is active")
        if let lease {
            do {
                outcome = try await work(under: lease)
                await lease.giveBack()
            } catch {
                await lease.giveBack()
                throw error
            }
        }
        state.lastSeenAt = try await store.position().committedAt
        state.sources = try await store.sources(context.logger).states.sources
        return outcome
    }

    private func work(under lease: FinderLease) async throws -> Outcome {
        var outcome = try await ask(under: lease)
        let step = try await Step.measure("ranking", clock: context.clock) {
            let ranked = try await ranking.run(under: lease)
            return ("\(ranked) relays ranked", ["relays_ranked": .count(ranked)])
        }
        outcome.add(step)
        return outcome
    }

    private func ask(under lease: FinderLease) async throws -> Outcome {
        var outcome = Outcome(success: true, message: "")
        var reports: [String: SourceReport] = [:]
        for source in sources {
            let step = try await Step.measure(source.name, clock: context.clock) {
                let report = try await source.run(under: lease)
                reports[source.name] = report
                return (report.message, ["read": .count(report.read), "relays_found": .count(report.found)])
            }
            outcome.add(step)
        }
        let total = reports.values.reduce(into: SourceReport()) { $0.add($1) }
        outcome.errors += total.errors
        outcome.message = total.message
        outcome.metrics = [
            "events_scanned": .count(Int64(reports["event_scan"]?.read ?? 0)),
            "urls_read": .count(Int64(reports["api"]?.read ?? 0)), "sources_failed": .count(Int64(total.errors.count)),
            "mentions": .count(Int64(total.mentions)), "relays_found": .count(Int64(total.found)),
            "mentions_refused": .count(Int64(total.refused)),
            "mentions_rejected": .count(Int64(total.rejected.values.reduce(0, +))),
        ]
        return outcome
    }
}
