import ServiceKit

/// What `service_state` shows of the Monitor.
struct MonitorState: ServiceState, Equatable {
    /// How a relay stands that is published to.
    struct Target: Codable, Sendable, Equatable {
        /// Its URL.
        var relay: String
        /// Events that wait for it.
        var waiting: Int64
        /// Events that it took, ever.
        var accepted: Int64
        /// Events that it refused for good, ever.
        var refused: Int64
        /// Visits in a row that went wrong.
        var fails: Int32
        /// Why the last one did.
        var lastError: String?
    }

    /// Unix seconds of the end of the last cycle; nil before the first.
    var lastRunAt: Int64?
    /// By URL, at the end of the last cycle.
    var publishing: [Target] = []
}
