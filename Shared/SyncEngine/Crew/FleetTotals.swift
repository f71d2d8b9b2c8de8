internal import Database
internal import Logging
public import ServiceKit
internal import Telemetry

/// Keeps the row of `service_state` that all replicas of a service share: what they have done together since the first
/// of them ran.
///
/// Nobody reads and writes it back: counts are added and times are put by one statement, so replicas lose nothing of
/// one another. It is written every 30 seconds, and at the end; a replica that is killed takes at most so much with it.
public actor FleetTotals {
    private static let interval = Duration.seconds(30)

    private let context: ServiceContext
    private let service: String
    private let pace: Pace
    private var waiting = SyncState()

    /// The totals of a service, named as its row.
    public init(_ context: ServiceContext, service: String) {
        self.context = context
        self.service = service
        pace = Pace(Self.interval, context.clock)
    }

    /// Adds one cycle's work. A database that fails is logged, and the work waits for the next time.
    public func add(_ cycle: SyncTally.Cycle) async {
        waiting.add(cycle)
        if pace.begin() { await save() }
    }

    /// Adds what was done since the last cycle, and writes all of it.
    public func end(_ rest: SyncTally.Cycle) async {
        if rest.visits > 0 { waiting.add(rest) }
        if waiting.cycles > 0 { await save() }
    }

    private func save() async {
        let counts = waiting
        waiting = SyncState()
        do {
            try await context.brotr.addToServiceState(
                name: service,
                [
                    "cycles": counts.cycles, "relays_visited": counts.relaysVisited, "events_new": counts.eventsNew,
                    "sightings_new": counts.sightingsNew,
                ])
        } catch {
            waiting.add(counts)
            context.logger.warning(
                "totals_not_saved",
                metadata: [LogKey.errorKind: "\(ErrorKind.name(of: error))", LogKey.error: "\(error)"])
        }
    }
}
