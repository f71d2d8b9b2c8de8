import Support
import SyncEngine

extension Scenario {
    /// How much goes wrong.
    struct Plan: Sendable {
        var replicas = 1
        var kills = 0
        var freezes = 0
        var outages = 0
        /// Length of the run.
        var length = Duration.seconds(4 * 3_600)
        /// Backdated events that appear on each relay half way.
        var late = 0
        /// Events that come to each relay in the course of the run.
        var arrivals = 0
        var lane = SyncLane.ordinary
        /// Whether relays are followed.
        var follows = true
        /// Events that were published on several relays, and the share of them that each has; nil for some.
        var common: (events: Int, share: Double)?
        /// Connections of each replica.
        var slots = 8
        /// Share of each relay's events that is deleted half way.
        var deleted = 0.0
        /// Connections of a process to the one address that all relays have; nil where each has its own.
        var connectionsPerAddress: Int?
        /// Bytes of events that a visit may download; nil for what is usual, which no simulated relay has.
        var visitBytes: Int?
        /// From a first reading to the pass that proves it, in seconds.
        var secondPass = 600
        /// Half way, one that is larger than a message may be appears amid the history of each relay.
        var lateOversized = false
        /// Sightings that one comparison with pages takes into memory.
        var mostCompared = 100_000
        /// Rows of one call of the database; nil for what is usual, which most pages fit into.
        var batchRows: Int?
        /// When all processes are killed at once, and come back at once.
        var massacreAt: Duration?
        /// From then on no relay can be claimed.
        var claimsFailFrom: Duration?
        /// When each process is ended and started again.
        var restartAt: Duration?
        /// Kinds that are archived, before and after that; empty for all.
        var kinds: (before: [UInt16], after: [UInt16]) = ([], [])
    }
}
