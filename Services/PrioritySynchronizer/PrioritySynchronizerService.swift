import ServiceKit
import SyncEngine

/// Archives the listed relays with reserved capacity: keeps the lanes as the list says, and works on its own.
actor PrioritySynchronizerService: SynchronizingService {
    static let serviceName = "priority_synchronizer"

    nonisolated let context: ServiceContext
    nonisolated let stateName: String
    var state = SyncState()

    let work: LaneCycle
    let fleet: FleetTotals
    private let list: PriorityListKeeper

    init(config: PrioritySynchronizerConfig, context: ServiceContext) {
        self.context = context
        stateName = "\(Self.serviceName):\(context.replica)"
        fleet = FleetTotals(context, service: Self.serviceName)
        work = LaneCycle(context, settings: config.synchronizing, lane: .priority)
        list = PriorityListKeeper(context, config.relays)
    }

    func run() async throws -> Outcome {
        // Before anything is claimed: the relays of a new list belong to this cycle.
        await list.refreshIfDue()
        let list = list
        let cycle = try await work.run { await list.run() }
        await add(cycle)
        var outcome = cycle.outcome
        if let step = await list.step {
            outcome.steps.append(step)
            // Relays are archived all the same, so the cycle is no failure.
            if !step.success { outcome.errors.append(step.message) }
        }
        return outcome
    }

    func end() async {
        await endVisits()
        await list.giveBack()
    }
}
