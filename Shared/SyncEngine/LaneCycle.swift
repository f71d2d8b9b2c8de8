internal import Net
public import ServiceKit

/// What both synchronizers do in a cycle: the crew of their lane works, visits are counted, and on the
/// ordinary lane statistics are folded.
public actor LaneCycle {
    private let context: ServiceContext
    private let settings: SynchronizingSettings
    private let lane: SyncLane
    private let tally: SyncTally
    private let folder: StatisticsFolder?
    private let gauges: CoverageGauges
    private let memory: FreedMemory
    private var crew: SyncCrew?

    /// The work on one lane, within the networks of the core settings.
    public init(_ context: ServiceContext, settings: SynchronizingSettings, lane: SyncLane) {
        self.context = context
        self.settings = settings.of(context)
        self.lane = lane
        tally = SyncTally(metrics: context.metrics, logger: context.logger)
        gauges = CoverageGauges(context)
        folder = lane.foldsStatistics ? StatisticsFolder(context) : nil
        memory = FreedMemory(clock: context.clock)
    }

    /// One cycle.
    /// - Parameter companion: runs beside the crew and is cancelled with its end.
    /// - Throws: `NetError` when the certificate file cannot be read; `DatabaseError` when claiming fails.
    public func run(
        beside companion: @escaping @Sendable () async -> Void = {}
    ) async throws -> SyncTally.Cycle {
        let crew = try readyCrew()
        let (tally, folder, gauges, memory) = (tally, folder, gauges, memory)
        tally.beginCycle()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await folder?.run() }
            group.addTask { await gauges.run() }
            group.addTask { await memory.run() }
            group.addTask { await companion() }
            defer { group.cancelAll() }
            try await crew.run { tally.count($0) }
        }
        // Short cycles leave those beside them no time.
        await folder?.foldIfDue()
        memory.giveBackIfDue()
        return tally.cycle
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
