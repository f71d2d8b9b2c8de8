import Database
import Logging
import ServiceKit
import Settings

/// Discovers relays in archived events, on whichever replica holds the lease `finder`. APIs are not asked yet.
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
        sources = config.eventScan.enabled ? [EventScan(context, store, config)] : []
        ranking = Ranking(context, config)
    }

    /// Asks every source for what is new and ranks it, or lets the replica work that already does.
    func run() async throws -> Outcome {
        let lease = try await FinderLease.claim(context, ttl: config.lease.ttl.duration)
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
        var total = SourceReport()
        for source in sources {
            let step = try await Step.measure(source.name, clock: context.clock) {
                let report = try await source.run(under: lease)
                total.add(report)
                return (report.message, ["read": .count(report.read), "relays_found": .count(report.found)])
            }
            outcome.add(step)
        }
        outcome.message = total.message
        outcome.metrics = [
            "events_scanned": .count(Int64(total.read)), "mentions": .count(Int64(total.mentions)),
            "relays_found": .count(Int64(total.found)), "mentions_refused": .count(Int64(total.refused)),
            "mentions_rejected": .count(Int64(total.rejected.values.reduce(0, +))),
        ]
        return outcome
    }
}
