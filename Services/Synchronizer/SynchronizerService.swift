import ServiceKit
import SyncEngine

/// Archives the events of all usable relays: claims those that are due and visits them, cycle by cycle.
actor SynchronizerService: BaseService {
    static let serviceName = "synchronizer"

    nonisolated let context: ServiceContext
    nonisolated let stateName: String
    var state = SyncState()

    private let work: LaneCycle
    private let fleet: FleetTotals

    init(config: SynchronizerConfig, context: ServiceContext) {
        self.context = context
        stateName = "\(Self.serviceName):\(context.replica)"
        fleet = FleetTotals(context, service: Self.serviceName)
        work = LaneCycle(context, settings: config.synchronizing, lane: .ordinary)
    }

    func run() async throws -> Outcome {
        let cycle = try await work.run()
        state.add(cycle)
        await fleet.add(cycle)
        return cycle.outcome
    }

    func end() async {
        let rest = await work.end()
        await fleet.end(rest)
        guard rest.visits > 0 else { return }
        state.add(rest)
        // Nothing depends on it, and the database may be what went away.
        try? await saveState()
    }
}
