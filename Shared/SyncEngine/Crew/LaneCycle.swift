internal import Net
public import ServiceKit
internal import Settings

/// What both synchronizers do in a cycle: the crew of their lane works, visits are counted, and on the
/// ordinary lane statistics are folded and the archive's completeness is measured.
///
/// The crew works on beyond the end of a cycle, which is only an account of what happened since the last one: a relay
/// that is followed stays so, and no slow page holds up what is due.
public actor LaneCycle {
    private let context: ServiceContext
    private let settings: SynchronizingSettings
    private let lane: SyncLane
    private let tally: SyncTally
    private let folder: StatisticsFolder?
    private let gauges: CoverageGauges?
    private let memory: FreedMemory
    private var crew: SyncCrew?
    private var visits: OngoingWork?
    private var beside: OngoingWork?

    /// The work on one lane, within the networks of the core settings.
    public init(_ context: ServiceContext, settings: SynchronizingSettings, lane: SyncLane) {
        self.context = context
        self.settings = settings.of(context)
        self.lane = lane
        tally = SyncTally(metrics: context.metrics, logger: context.logger)
        gauges = lane.foldsStatistics ? CoverageGauges(context) : nil
        folder = lane.foldsStatistics ? StatisticsFolder(context) : nil
        memory = FreedMemory(clock: context.clock)
    }

    /// One cycle: until no relay is due and no visit runs, `sync.account_interval` has passed, or the service stops. In
    /// a process that ends with it, its visits end too, after `sync.cycle_limit`.
    /// - Parameter companion: runs beside the crew until the service stops.
    /// - Returns: what happened since the last cycle.
    /// - Throws: `NetError` when the certificate file cannot be read; `DatabaseError` when claiming fails.
    public func run(
        beside companion: @escaping @Sendable () async -> Void = {}
    ) async throws -> SyncTally.Cycle {
        let visits = try begin(companion)
        if !context.isOnce { await visits.wait(atMost: settings.sync.accountInterval.duration, context.clock) }
        if context.isOnce || visits.isOver || context.shutdown.isRequested || Task.isCancelled {
            self.visits = nil
            try await visits.end()
        }
        if context.isOnce {
            await endBeside()
            // Short cycles leave those beside them no time.
            await folder?.foldIfDue()
            memory.giveBackIfDue()
        }
        return tally.takeCycle()
    }

    /// Awaits the visits that the end of the service brings to theirs, and ends what runs beside them.
    /// - Returns: what happened since the last cycle.
    public func end() async -> SyncTally.Cycle {
        // What went wrong with a claim is no longer anybody's concern.
        try? await visits?.end()
        visits = nil
        await endBeside()
        return tally.takeCycle()
    }

    private func endBeside() async {
        beside?.cancel()
        try? await beside?.end()
        beside = nil
    }

    /// The visits under way, or new ones.
    private func begin(_ companion: @escaping @Sendable () async -> Void) throws -> OngoingWork {
        if let visits { return visits }
        let (crew, tally) = (try readyCrew(), tally)
        let limit = context.isOnce ? settings.sync.cycleLimit.duration : nil
        let visits = OngoingWork { try await crew.run(atMost: limit) { tally.count($0) } }
        self.visits = visits
        if beside == nil { beside = besides(companion) }
        return visits
    }

    private func besides(_ companion: @escaping @Sendable () async -> Void) -> OngoingWork {
        OngoingWork { [folder, gauges, memory] in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await folder?.run() }
                group.addTask { await gauges?.run() }
                group.addTask { await memory.run() }
                group.addTask { await companion() }
            }
        }
    }

    /// The crew is made in the first cycle, because a certificate file that cannot be read is an error of a cycle.
    private func readyCrew() throws -> SyncCrew {
        if let crew { return crew }
        let networks = context.core.networks
        let tls = TLSSettings(caFile: context.core.tls.caFile.map(context.path))
        let transport = try LiveTransport(networks: networks, limits: context.core.limits, tls: tls)
        var engine = SyncContext(context, transport: transport)
        engine.onTail = { [tally] in tally.count($0) }
        let made = SyncCrew(
            engine, settings: settings, lane: lane.rawValue, slots: SyncCrew.slots(networks))
        crew = made
        return made
    }
}

extension SynchronizingSettings {
    /// A subscription that stays open has no place in a process that ends when nothing is due.
    fileprivate func of(_ context: ServiceContext) -> SynchronizingSettings {
        var settings = self
        if context.isOnce { settings.tail.enabled = false }
        return settings
    }
}
