internal import Crypto
internal import Database
internal import Logging
public import Nostr
internal import ServiceKit
internal import Settings
internal import Telemetry

/// Claims due relays and visits them, as many at a time as each network allows, until nothing is due.
///
/// Any number of crews may work on the same relays: a claim takes only rows whose time
/// has come, and the fence of a lost lease refuses whatever its former holder still sends.
public struct SyncCrew: Sendable {
    /// Relays visited at the same time, by network; a network that is absent is not visited.
    public typealias Slots = [Network: Int]

    private enum Happening: Sendable {
        case visited(VisitReport)
        case claimTime
        case lookTime
        case timeIsOver
        case stopping
        case heartbeatEnded
    }

    private let context: SyncContext
    private let settings: SynchronizingSettings
    private let lane: Int16
    private let slots: Slots
    private let queue: CommitQueue
    private let addresses: AddressBook
    private let memory: PageMemory
    private let places: Places
    private let unfollowed = UnfollowedRelays()
    private let share = ShareBook()

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
        memory = PageMemory(bytes: settings.sync.pageMemory.bytes)
        places = Places(settings.sync.comparisons)
    }

    /// Works until no relay is due and no visit runs, the time is over, or the service stops. Relays that are followed
    /// are visits that run.
    /// - Parameters:
    ///   - limit: after this time visits end at their next page and nothing more is claimed; nil for no such time.
    ///   - report: called after each round of each visit, in no particular order.
    /// - Throws: `DatabaseError` when claiming fails and no visit runs, or none runs any more; those that run go on
    ///   meanwhile. A database error within a visit ends that visit alone.
    public func run(
        atMost limit: Duration? = nil, report: @escaping @Sendable (VisitReport) -> Void
    ) async throws {
        let keeper = makeKeeper()
        try await withThrowingTaskGroup(of: Happening.self) { group in
            defer { group.cancelAll() }
            if let limit { group.addTask { try await pause(limit, then: .timeIsOver) } }
            group.addTask { try await pause(lookInterval, then: .lookTime) }
            group.addTask { await waitForStop() }
            group.addTask { await keepLeases(keeper) }
            var crew = CrewState(free: slots, mostStaying: settings.tail.enabled ? settings.tail.slots : 0)
            await claim(&crew, keeper, report, &group)
            while !crew.running.isEmpty {
                switch try await group.next() {
                case .visited(let visit):
                    report(visit)
                    crew.end(visit)
                    if visit.ending == .addressBusy {
                        crew.makeRoom { other in addresses.update { $0.areNeighbours(visit.url, other) } }
                    }
                    await claim(&crew, keeper, report, &group)
                case .claimTime:
                    crew.isTimerSet = false
                    await claim(&crew, keeper, report, &group)
                case .lookTime:
                    await letGoOthers(&crew)
                    group.addTask { try await pause(lookInterval, then: .lookTime) }
                case .timeIsOver:
                    crew.mayClaim = false
                    for visit in crew.running.values { visit.control.yield() }
                case .stopping:
                    crew.mayClaim = false
                    for visit in crew.running.values { visit.control.stop() }
                case .heartbeatEnded, nil: break
                }
            }
            if let error = crew.claimError { throw error }
        }
    }

    private func claim(
        _ crew: inout CrewState, _ keeper: LeaseKeeper<RelayID>,
        _ report: @escaping @Sendable (VisitReport) -> Void,
        _ group: inout ThrowingTaskGroup<Happening, any Error>
    ) async {
        guard crew.mayClaim, !context.shutdown.isRequested else { return }
        do {
            if crew.claimsFrom <= context.clock.now() {
                try await claimDue(&crew, keeper, report, &group)
                crew.hasClaimed()
            }
        } catch {
            crew.failedToClaim(error, at: context.clock.now(), jitter: context.randomness())
            context.logger.warning(
                "relays_not_claimed",
                metadata: [LogKey.errorKind: "\(ErrorKind.name(of: error))", LogKey.error: "\(error)"])
        }
        guard !crew.isTimerSet, !crew.running.isEmpty else { return }
        crew.isTimerSet = true
        group.addTask { try await pause(settings.sync.claimInterval.duration, then: .claimTime) }
    }

    private func claimDue(
        _ crew: inout CrewState, _ keeper: LeaseKeeper<RelayID>,
        _ report: @escaping @Sendable (VisitReport) -> Void,
        _ group: inout ThrowingTaskGroup<Happening, any Error>
    ) async throws {
        try await shareWork(&crew)
        var wantsWork = false
        for (lane, leastOverdue, network) in claims {
            let free = crew.claimable(network)
            let part = share.update { $0.claim(free, running: crew.running.count) }
            let overdueBy = max(leastOverdue, part.overdueBy)
            guard part.limit > 0 else { continue }
            let claimedAt = context.clock.now()
            let leases = try await context.store.claimRelays(
                lane: lane, network: network, limit: part.limit, owner: context.replica,
                ttl: settings.lease.ttl.duration, overdueBy: overdueBy)
            if lane == self.lane, leases.isEmpty, overdueBy == .zero { wantsWork = true }
            // Fewer than could be had: nobody else is due, and slots are left to stay in.
            let mayStay = self.lane == SyncLane.priority.rawValue || leases.count < free
            for lease in leases {
                // A relay of ours that was due again before its visit was taken off the list: let it end.
                guard crew.running[lease.relay] == nil else {
                    var report = VisitReport(lease)
                    report.ending = .overlapping
                    await release(lease, report)
                    continue
                }
                let control = crew.begin(lease, mayStay: mayStay)
                keeper.hold(lease.relay, fence: lease.fence, claimedAt: claimedAt) { control.stop() }
                group.addTask { await visit(lease, control, keeper, report) }
            }
        }
        share.update { $0.wantsWork = wantsWork }
    }

    /// Lets relays go where another replica waits for work and this one has more than its part.
    private func shareWork(_ crew: inout CrewState) async throws {
        let now = context.clock.now()
        let wantsWork: Bool? = share.update { share in
            guard share.lookAt <= now else { return nil }
            share.lookAt = now + CrewShare.interval
            return share.wantsWork
        }
        guard let wantsWork else { return }
        let others = try await context.store.shareWork(
            lane: lane, replica: context.replica, slots: slots.values.reduce(0, +), wantsWork: wantsWork)
        let surplus = share.update { $0.look(others, running: crew.running.count) }
        crew.letGo(surplus)
    }

    /// Lets relays go that are another lane's, are to go there, or were set to `ignored`: one that is followed would
    /// stay for ever.
    private func letGoOthers(_ crew: inout CrewState) async {
        // Without an answer they are asked about again after the same time.
        let leaving = try? await context.store.leavingRelays(crew.running.keys.sorted(), lane: lane)
        crew.letGo(leaving ?? [])
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

    /// From one look for relays that are to be let go to the next.
    private var lookInterval: Duration { settings.lease.heartbeat.duration }

    private func pause(_ time: Duration, then happening: Happening) async throws -> Happening {
        try await context.clock.sleep(for: time)
        return happening
    }

    private func waitForStop() async -> Happening {
        await context.shutdown.wait()
        return .stopping
    }

    private func keepLeases(_ keeper: LeaseKeeper<RelayID>) async -> Happening {
        await keeper.run()
        return .heartbeatEnded
    }

    /// Visits one relay when it has its slot, then gives its lease back.
    private func visit(
        _ lease: RelayLease, _ control: VisitControl, _ keeper: LeaseKeeper<RelayID>,
        _ onRound: @escaping @Sendable (VisitReport) -> Void
    ) async -> Happening {
        await control.waitForSlot()
        var report = VisitReport(lease)
        if lease.isIgnored {
            report.ending = .ignored
        } else if control.mayContinue {
            report = await visit(lease, control, onRound)
        } else {
            report.ending = .yielded
        }
        keeper.drop(lease.relay, fence: lease.fence)
        await release(lease, report)
        return .visited(report)
    }

    private func visit(
        _ lease: RelayLease, _ control: VisitControl, _ onRound: @escaping @Sendable (VisitReport) -> Void
    ) async -> VisitReport {
        var visit = RelayVisit(
            context, queue: queue, lease: lease, settings: settings.of(lease.url), control: control,
            memory: memory)
        visit.addresses = addresses
        visit.places = places
        visit.unfollowed = unfollowed
        visit.onRound = onRound
        do {
            return try await visit.run()
        } catch {
            var report = VisitReport(lease)
            report.ending = error is CancellationError ? .yielded : .databaseFailed(ErrorKind.name(of: error))
            return report
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
                rate: report.rate, deficitBytes: plan.deficitBytes)
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
