import ServiceKit
import SyncEngine

/// Archives the events of all usable relays: claims those that are due and visits them, cycle by cycle.
actor SynchronizerService: SynchronizingService {
    static let serviceName = "synchronizer"

    nonisolated let context: ServiceContext
    nonisolated let stateName: String
    var state = SyncState()

    let work: LaneCycle
    let fleet: FleetTotals

    init(config: SynchronizerConfig, context: ServiceContext) {
        self.context = context
        stateName = "\(Self.serviceName):\(context.replica)"
        fleet = FleetTotals(context, service: Self.serviceName)
        work = LaneCycle(context, settings: config.synchronizing, lane: .ordinary)
    }

    func run() async throws -> Outcome {
        let cycle = try await work.run()
        await add(cycle)
        return cycle.outcome
    }

    func end() async { await endVisits() }
}
