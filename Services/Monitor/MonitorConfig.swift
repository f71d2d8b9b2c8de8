import ServiceKit
import Settings

/// `yaml/services/monitor.yaml`.
struct MonitorConfig: ServiceConfig {
    /// Whether and where results are published.
    var publishing = PublishingSettings()
    /// How relays are checked.
    var checks = CheckSettings()
    /// From one look for relays that are due to the next. Too small: queries for nothing; too large: checks are late.
    var interval: Seconds = 10
    /// After this a cycle takes no further relays and ends with those it has. Too small: slots stand empty at each end;
    /// too large: `cycle_completed` and the saved state come rarely.
    var cycleLimit: Seconds = 300
    /// Its own health port.
    var health: ServiceHealthSettings?

    var cyclePause: Duration { interval.duration }
    /// What is published is signed, and so is what tests whether a relay takes events.
    var requiredSecrets: [String] { publishing.enabled || checks.write.enabled ? ["NOSTR_PRIVATE_KEY"] : [] }

    func validate(into problems: inout Validation) {
        problems.check("interval", interval, in: 0.1...3600)
        problems.check("cycle_limit", cycleLimit, in: 1...86_400)
    }
}
