import Net
import ServiceKit
import SyncEngine

/// Archives the events of all usable relays: claims those that are due and visits them, cycle by cycle.
actor SynchronizerService: BaseService {
    static let serviceName = "synchronizer"
    /// 0 ordinary relays, 1 those of the priority list.
    private static let lane: Int16 = 0

    nonisolated let context: ServiceContext
    nonisolated let stateName: String
    var state = SynchronizerState()

    private let config: SynchronizerConfig
    private let tally: SyncTally
    private let folder: StatisticsFolder
    private var crew: SyncCrew?

    init(config: SynchronizerConfig, context: ServiceContext) {
        self.config = config
        self.context = context
        stateName = "\(Self.serviceName):\(context.replica)"
        tally = SyncTally(metrics: context.metrics, logger: context.logger)
        folder = StatisticsFolder(context)
    }

    func run() async throws -> Outcome {
        let crew = try readyCrew()
        let (tally, folder) = (tally, folder)
        tally.beginCycle()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await folder.run() }
            defer { group.cancelAll() }
            try await crew.run { tally.count($0) }
        }
        // Short cycles leave the one beside them no time.
        await folder.foldIfDue()
        let cycle = tally.cycle
        state.add(cycle)
        return cycle.outcome
    }

    /// The crew is made in the first cycle, because a certificate file that cannot be read is an error of a cycle.
    private func readyCrew() throws -> SyncCrew {
        if let crew { return crew }
        let networks = context.core.networks
        let tls = TLSSettings(caFile: context.core.tls.caFile.map(context.path))
        let made = SyncCrew(
            context, transport: try LiveTransport(networks: networks, tls: tls), settings: config.synchronizing,
            lane: Self.lane, slots: SyncCrew.slots(networks))
        crew = made
        return made
    }
}
