public import ServiceKit
public import Settings

/// The settings file of a service that synchronizes: the sections that all of them share, under the same keys.
public protocol SynchronizingConfig: ServiceConfig {
    /// How pages are fetched and stored.
    var sync: SyncSettings { get }
    /// The lease under which a relay is worked on.
    var lease: LeaseSettings { get }
    /// What one visit of a relay may take.
    var budget: BudgetSettings { get }
    /// How fast relays are asked, and how many connections an address gets.
    var rate: RateSettings { get }
    /// Open subscriptions for new events.
    var tail: TailSettings { get }
    /// What makes an interval complete.
    var proof: ProofSettings { get }
    /// When complete intervals are looked at again.
    var rescan: RescanSettings { get }
    /// Which events are archived.
    var filter: FilterSettings { get }
    /// Which part of history is archived.
    var timeRange: TimeRangeSettings { get }
    /// What is different for single relays; at most 1,000.
    var overrides: [RelayOverride] { get }
    /// From one look for relays that are due to the next.
    var interval: Seconds { get }
}

extension SynchronizingConfig {
    /// `interval`.
    public var cyclePause: Duration { interval.duration }

    /// As often as the leases of its relays are renewed.
    public var heartbeat: Duration { lease.heartbeat.duration }

    /// The sections the engine takes.
    public var synchronizing: SynchronizingSettings {
        SynchronizingSettings(
            sync: sync, lease: lease, budget: budget, rate: rate, tail: tail, proof: proof, rescan: rescan,
            filter: filter, timeRange: timeRange, overrides: overrides)
    }

    /// Checks what stands in no section.
    public func validate(into problems: inout Validation) {
        problems.check("interval", interval, in: 0.01...3_600)
        problems.check(overrides: overrides)
    }
}
