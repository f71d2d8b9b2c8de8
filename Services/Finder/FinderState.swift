import ServiceKit

/// What the Finder remembers in `service_state`. How far the scan has come stands in `scan_watermarks`, which moves
/// with what was found; what is known of the APIs in a row of its own, for the same reason. Both are repeated here for
/// those who look.
struct FinderState: ServiceState, Equatable {
    /// Unix seconds of the end of the last cycle; nil before the first.
    var lastRunAt: Int64?
    /// Unix seconds of the batch of events that was read last; nil before the first.
    var lastSeenAt: Int64?

    /// The APIs: when each was asked, what failed last, when it will be asked again.
    var sources: [APISourceState] = []

    /// Before the first run.
    init() {}
}
