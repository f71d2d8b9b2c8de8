import ServiceKit
import Settings
import SyncEngine

/// Settings of the Synchronizer: `yaml/services/synchronizer.yaml`.
struct SynchronizerConfig: SynchronizingConfig {
    /// How pages are fetched and stored.
    var sync = SyncSettings()
    /// The lease under which a relay is worked on.
    var lease = LeaseSettings()
    /// What one visit of a relay may take.
    var budget = BudgetSettings()
    /// How fast relays are asked, and how many connections an address gets.
    var rate = RateSettings()
    /// Open subscriptions for new events.
    var tail = TailSettings()
    /// What makes an interval complete.
    var proof = ProofSettings()
    /// When complete intervals are looked at again.
    var rescan = RescanSettings()
    /// Which events are archived.
    var filter = FilterSettings()
    /// Which part of history is archived.
    var timeRange = TimeRangeSettings()
    /// What is different for single relays; at most 1,000.
    var overrides: [RelayOverride] = []
    /// Pause between two cycles. Too small: the database is asked for nothing; too large: due relays wait.
    var interval: Seconds = 1
    /// Its own health port.
    var health: ServiceHealthSettings?
}
