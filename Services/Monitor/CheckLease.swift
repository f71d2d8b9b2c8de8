import Database
import Nostr

/// A relay that this replica may check until the lease ends.
struct CheckLease: Sendable {
    /// Its short key.
    var relay: RelayID
    /// Where it is dialled.
    var url: RelayURL
    /// Every write carries it.
    var fence: Int64
    /// Where it stood at the claim.
    var standing: MonitorPlan.Standing
    /// Unix seconds for which this check was planned; nil for the first one ever.
    var plannedAt: Int64?
}
