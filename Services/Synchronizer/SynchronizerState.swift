import ServiceKit
import SyncEngine

/// What one replica has done since it started; progress itself stands in `relay_sync`.
struct SynchronizerState: ServiceState, Equatable {
    /// Unix seconds of the end of the last cycle.
    var lastRunAt: Int64?
    /// Cycles run.
    var cycles: Int64 = 0
    /// Visits of relays.
    var relaysVisited: Int64 = 0
    /// Events stored for the first time.
    var eventsNew: Int64 = 0
    /// Sightings stored.
    var sightingsNew: Int64 = 0

    /// Nothing done yet.
    init() {}

    /// Adds one cycle's work.
    mutating func add(_ cycle: SyncTally.Cycle) {
        cycles += 1
        relaysVisited += Int64(cycle.visits)
        eventsNew += Int64(cycle.eventsNew)
        sightingsNew += Int64(cycle.sightingsNew)
    }
}
