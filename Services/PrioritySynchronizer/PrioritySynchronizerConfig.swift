import Nostr
import ServiceKit
import Settings
import SyncEngine

/// `yaml/services/priority_synchronizer.yaml`.
struct PrioritySynchronizerConfig: SynchronizingConfig {
    /// Which relays have priority.
    var relays = PriorityList()
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
    /// Which events are archived.
    var filter = FilterSettings()
    /// Which part of history is archived.
    var timeRange = TimeRangeSettings()
    /// What makes an interval complete.
    var proof = ProofSettings()
    /// When complete intervals are looked at again.
    var rescan = RescanSettings()
    /// What is different for single relays; at most 1,000.
    var overrides: [RelayOverride] = []
    /// From one look for relays that are due to the next. Too large: a relay that came back waits.
    var interval: Seconds = 1
    /// Its own health port.
    var health: ServiceHealthSettings?
}

/// Section `relays`: the union of a file, of URLs given here, and of the relays that listed authors write to.
struct PriorityList: SettingsSection {
    /// A file with a URL a line, relative to the folder of the instance; null for none.
    var path: String? = "data/priority_relays.txt"
    /// URLs; at most 10,000.
    var urls: [String] = []
    /// Authors, 64 hex digits each, whose relay lists (kind 10002) are followed; at most 10,000.
    var pubkeys: [String] = []
    /// Between two looks at the list. Too small: the database is asked for nothing; too large: a change waits.
    var refresh: Seconds = 30

    func validate(into problems: inout Validation) {
        if let path { problems.check("path", text: path) }
        problems.check("urls", urls.count, in: 0...10_000)
        for (index, url) in urls.enumerated() where (try? RelayURL.parse(url)) == nil {
            problems.require(
                false, "urls.[\(index)]", given: String(url.prefix(100)), allowed: "a relay URL, wss:// or ws://")
        }
        problems.check("pubkeys", publicKeys: pubkeys, atMost: 10_000)
        problems.check("refresh", refresh, in: 0.1...3_600)
    }
}
