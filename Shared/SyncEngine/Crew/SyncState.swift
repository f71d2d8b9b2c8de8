public import ServiceKit

/// What one replica of a synchronizer has done since it started; progress itself stands in `relay_sync`.
public struct SyncState: ServiceState, Equatable {
    /// Unix seconds of the end of the last cycle.
    public var lastRunAt: Int64?
    /// Cycles run.
    public private(set) var cycles: Int64 = 0
    /// Visits of relays.
    public private(set) var relaysVisited: Int64 = 0
    /// Events stored for the first time.
    public private(set) var eventsNew: Int64 = 0
    /// Sightings stored.
    public private(set) var sightingsNew: Int64 = 0

    /// Nothing done yet.
    public init() {}

    /// Adds one cycle's work.
    public mutating func add(_ cycle: SyncTally.Cycle) {
        cycles += 1
        relaysVisited += Int64(cycle.visits)
        eventsNew += Int64(cycle.eventsNew)
        sightingsNew += Int64(cycle.sightingsNew)
    }

    /// Adds what was done elsewhere or before.
    mutating func add(_ other: SyncState) {
        cycles += other.cycles
        relaysVisited += other.relaysVisited
        eventsNew += other.eventsNew
        sightingsNew += other.sightingsNew
    }
}
