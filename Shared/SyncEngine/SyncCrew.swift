internal import Crypto
internal import Database
internal import Logging
public import Nostr
internal import ServiceKit
internal import Settings
internal import Telemetry

/// Claims due relays and visits them, as many at a time as each network allows, until nothing is due.
///
/// One cycle of a synchronizer. Any number of crews may work on the same relays: a claim takes only rows whose time
/// has come, and the fence of a lost lease refuses whatever its former holder still sends.
public struct SyncCrew: Sendable {
    /// Relays visited at the same time, by network; a network that is absent is not visited.
    public typealias Slots = [Network: Int]

    private enum Happening: Sendable {
        case visited(VisitReport)
        case claimTime
        case cycleOver
        case stopping
        case heartbeatEnded
    }

    private let context: SyncContext
    private let settings: SynchronizingSettings
    private let lane: Int16
    private let slots: Slots
    private let queue: CommitQueue
    private let addresses: AddressBook

    /// A crew for one lane.
    public init(
        _ context: SyncContext, settings: SynchronizingSettings, lane: Int16, slots: Slots
    ) {
        self.context = context
        self.settings = settings
        self.lane = lane
        self.slots = slots
        queue = CommitQueue(
            store: context.store, executor: context.executor, limits: CommitQueue.Limits(settings.sync))
        addresses = AddressBook(settings.rate)
    }

    /// Works until no relay is due and no visit runs, the cycle's time is over, or the service stops.
    /// - Parameter report: called after each visit, in no particular order.
    /// - Throws: `DatabaseError` when claiming fails; a database error within a visit ends that visit alone.
    public func run(report: @Sendable (VisitReport) -> Void) async throws {
        let keeper = makeKeeper()
        try await withThrowingTaskGroup(of: Happening.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await waitForCycleEnd() }
            group.addTask { await waitForStop() }
            group.addTask { await keepLeases(keeper) }
            var crew = Crew(free: slots)
            await claim(&crew, keeper, &group)
            while !crew.running.isEmpty {
                switch try await group.next() {
                case .visited(let visit):
                    report(visit)
                    crew.end(visit)
                    await claim(&crew, keeper, &group)
                case .claimTime:
                    crew.isTimerSet = false
                    await claim(&crew, keeper, &group)
                case .cycleOver:
                    crew.mayClaim = false
                    for control in crew.running.values { control.yield() }
                case .stopping:
                    crew.mayClaim = false
                    for control in crew.running.values { control.stop() }
                case .heartbeatEnded, nil: break
                }
            }
            if let error = crew.claimError { throw error }
        }
    }

    /// What is under way in one cycle.
    private struct Crew {
        var free: Slots
        var running: [RelayID: VisitControl] = [:]
        var mayClaim = true
        var isTimerSet = false
        /// The database did not answer a claim. Visits that run are not to blame: they end at their next page.
        var claimError: (any Error)?

        mutating func end(_ visit: VisitReport) {
            running[visit.relay] = nil
            free[visit.network, default: 0] += 1
        }
    }

    private func claim(
        _ crew: inout Crew, _ keeper: LeaseKeeper<RelayID>, _ group: inout ThrowingTaskGroup<Happening, any Error>
    ) async {
        do {
            try await claimDue(&crew, keeper, &group)
        } catch {
            crew.mayClaim = false
            crew.claimError = error
            for control in crew.running.values { control.yield() }
        }
    }

    private func claimDue(
        _ crew: inout Crew, _ keeper: LeaseKeeper<RelayID>, _ group: inout ThrowingTaskGroup<Happening, any Error>
    ) async throws {
        guard crew.mayClaim, !context.shutdown.isRequested else { return }
        for (lane, overdueBy, network) in claims {
            guard let free = crew.free[network], free > 0 else { continue }
            let claimedAt = context.clock.now()
            let leases = try await context.store.claimRelays(
                lane: lane, network: network, limit: free, owner: context.replica, ttl: settings.lease.ttl.duration,
                overdueBy: overdueBy)
            for lease in leases {
                // A lease of ours that ran out while its visit still ends: let it.
                guard crew.running[lease.relay] == nil else {
                    var report = VisitReport(lease)
                    report.ending = .databaseFailed("lease_overlap")
                    await release(lease, report)
                    continue
                }
                let control = VisitControl()
                crew.running[lease.relay] = control
                crew.free[network, default: 0] -= 1
                keeper.hold(lease.relay, fence: lease.fence, claimedAt: claimedAt) { control.stop() }
                group.addTask { await visit(lease, control, keeper) }
            }
        }
        guard !crew.isTimerSet, !crew.running.isEmpty else { return }
        crew.isTimerSet = true
        group.addTask {
            try await context.clock.sleep(for: settings.sync.claimInterval.duration)
            return .claimTime
        }
    }

    /// What is claimed, in this order: its own lane, then with the slots that are left what another lane leaves undone.
    private var claims: [(lane: Int16, overdueBy: Duration, network: Network)] {
        let networks = Network.allCases.filter { slots[$0] != nil }
        let own = networks.map { (lane: lane, overdueBy: Duration.zero, network: $0) }
        guard let helped = SyncLane(rawValue: lane)?.helped else { return own }
        return own + networks.map { (helped.rawValue, settings.sync.helpOverdue.duration, $0) }
    }

    private func makeKeeper() -> LeaseKeeper<RelayID> {
        let (store, owner, ttl) = (context.store, context.replica, settings.lease.ttl.duration)
        return LeaseKeeper(
            ttl: ttl, heartbeat: settings.lease.heartbeat.duration, clock: context.clock,
            logger: context.logger.component("leases")
        ) { claims in
            try await store.renewLeases(claims.map { ($0.key, $0.fence) }, owner: owner, ttl: ttl)
        }
    }

    private func waitForCycleEnd() async throws -> Happening {
        try await context.clock.sleep(for: settings.sync.cycleLimit.duration)
        return .cycleOver
    }

    private func waitForStop() async -> Happening {
        await context.shutdown.wait()
        return .stopping
    }

    private func keepLeases(_ keeper: LeaseKeeper<RelayID>) async -> Happening {
        await keeper.run()
        return .heartbeatEnded
    }

    /// Visits one relay, then gives its lease back.
    private func visit(_ lease: RelayLease, _ control: VisitControl, _ keeper: LeaseKeeper<RelayID>) async -> Happening
    {
        var report = VisitReport(lease)
        if lease.isIgnored {
            report.ending = .ignored
        } else {
            report = await limited(lease, control)
        }
        keeper.drop(lease.relay, fence: lease.fence)
        await release(lease, report)
        return .visited(report)
    }

    /// A visit that yields when its time is over.
    private func limited(_ lease: RelayLease, _ control: VisitControl) async -> VisitReport {
        let settings = settings.of(lease.url)
        var unpaced = RelayVisit(context, queue: queue, lease: lease, settings: settings, control: control)
        unpaced.addresses = addresses
        let visit = unpaced
        return await withTaskGroup(of: VisitReport?.self) { group in
            group.addTask {
                do {
                    return try await visit.run()
                } catch {
                    var report = VisitReport(lease)
                    report.ending = error is CancellationError ? .yielded : .databaseFailed(ErrorKind.name(of: error))
                    return report
                }
            }
            group.addTask {
                guard (try? await context.clock.sleep(for: settings.budget.visit.duration)) != nil else { return nil }
                control.yield()
                return nil
            }
            for await report in group {
                guard let report else { continue }
                group.cancelAll()
                return report
            }
            preconditionFailure("the visit always gives a report")
        }
    }

    private func release(_ lease: RelayLease, _ report: VisitReport) async {
        guard report.ending != .leaseLost else { return }
        let plan = ReleasePlan(report, fails: lease.fails, settings: settings, jitter: context.randomness())
        let (store, ended) = (
            context.store,
            RelayRelease(
                relay: lease.relay, fence: lease.fence, owner: lease.owner, dueIn: plan.dueIn,
                relayClass: plan.relayClass?.rawValue, fails: plan.fails, lastError: plan.lastError,
                rate: report.rate)
        )
        // Not a child of this task: a service that ends in a hurry cancels its visits, and their relays must still not
        // stay held until the lease runs out. It is awaited here, and the end of the process cuts it off.
        let release = Task(executorPreference: context.executor) { try await store.releaseRelay(ended) }
        do {
            _ = try await release.value
        } catch {
            // The lease ends by itself; the relay is only due later than it could be.
            context.logger.warning("lease_release_failed", metadata: [LogKey.relay: "\(lease.url)"])
        }
    }
}
