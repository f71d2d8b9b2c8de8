public import ServiceKit

/// A service whose cycles are those of a lane: what both synchronizers do with a cycle's account.
public protocol SynchronizingService: BaseService where State == SyncState {
    /// The crew of its lane.
    var work: LaneCycle { get }
    /// The row of `service_state` that its replicas share.
    var fleet: FleetTotals { get }
}

extension SynchronizingService {
    /// Adds a cycle to the state of this replica and to that of the fleet.
    public func add(_ cycle: SyncTally.Cycle) async {
        state.add(cycle)
        await fleet.add(cycle)
    }

    /// Awaits the end of the visits under way, and saves what they did since the last cycle.
    public func endVisits() async {
        let rest = await work.end()
        await fleet.end(rest)
        guard rest.visits > 0 else { return }
        state.add(rest)
        // Nothing depends on it, and the database may be what went away.
        try? await saveState()
    }
}
