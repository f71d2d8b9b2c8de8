import ServiceKit

/// What the Finder remembers in `service_state`. How far the scan has come stands in `scan_watermarks`, which moves
/// with what was found.
struct FinderState: ServiceState, Equatable {
    /// Unix seconds of the end of the last cycle; nil before the first.
    var lastRunAt: Int64?
    /// Unix seconds of the batch of events that was read last; nil before the first.
    var lastSeenAt: Int64?

    /// Before the first run.
    init() {}
}
