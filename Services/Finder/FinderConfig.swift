import Crypto
import ServiceKit
import Settings

/// `yaml/services/finder.yaml`.
struct FinderConfig: ServiceConfig {
    /// Relays named in archived events.
    var eventScan = EventScanSettings()
    /// Relays named by HTTP APIs.
    var api = DirectorySettings()
    /// Names in archived profiles.
    var nip05 = NIP05Settings()
    /// Which relays the Monitor looks at first.
    var ranking = RankingSettings()
    /// What is logged on the way.
    var logging = FinderLogging()
    /// Deadlines.
    var timeouts = FinderTimeouts()
    /// For how long a replica that says nothing keeps the work.
    var lease = FinderLeaseSettings()
    /// Relays in one call of the database, 1 to 1,000. Too large: a long transaction.
    var insertBatchSize = 100
    /// From one discovery to the next. Too small: the APIs' operators complain; too large: new relays wait.
    var discoveryInterval: Seconds = 3600
    /// Its own health port.
    var health: ServiceHealthSettings?

    var cyclePause: Duration { discoveryInterval.duration }
    var logLevel: LogLevel? { logging.logLevel }

    func validate(into problems: inout Validation) {
        problems.check("insert_batch_size", insertBatchSize, in: 1...1000)
        problems.check("discovery_interval", discoveryInterval, in: 1...604_800)
    }
}

/// Section `event_scan`.
struct EventScanSettings: SettingsSection {
    /// Whether archived events are searched.
    var enabled = true
    /// Events read at once, 1 to 100,000. Too large: memory.
    var batchSize = 1000
    /// Events read in one cycle. Too small: the scan never catches up with what is archived.
    var maxEventsPerCycle = 100_000

    func validate(into problems: inout Validation) {
        problems.check("batch_size", batchSize, in: 1...100_000)
        problems.check("max_events_per_cycle", maxEventsPerCycle, in: 1...100_000_000)
        problems.require(
            batchSize <= maxEventsPerCycle, "batch_size", given: String(batchSize),
            allowed: "at most max_events_per_cycle (\(maxEventsPerCycle))")
    }
}

/// Section `api`.
struct DirectorySettings: SettingsSection {
    /// Whether APIs are asked.
    var enabled = true
    /// Whom to ask, in this order; at most 100.
    var sources = [
        DirectorySource(url: "https://api.nostr.watch/v1/online"),
        DirectorySource(url: "https://api.nostr.watch/v1/offline"),
    ]
    /// Pause between two sources. Too small: a shared operator sees a burst.
    var requestDelay: Seconds = 1

    func validate(into problems: inout Validation) {
        problems.check("request_delay", requestDelay, in: 0...3600)
        problems.check("sources", sources.count, in: 0...100)
        problems.require(
            !enabled || sources.contains(where: \.enabled), "enabled", given: "true without an enabled source",
            allowed: "false, or true with at least one source that is enabled")
        for (index, source) in sources.enumerated() where sources[..<index].contains(where: { $0.url == source.url }) {
            problems.require(false, "sources.[\(index)]", given: "\(source.url) again", allowed: "each URL once")
        }
    }
}

/// One element of `api.sources`.
struct DirectorySource: SettingsSection {
    /// Where a list of relay URLs is, http or https. It names the source in tables and logs: no place for a secret.
    var url = ""
    /// Whether it is asked.
    var enabled = true
    /// For the whole list, however many answers it takes. Too small: a slow source counts as failed.
    var timeout: Seconds = 30
    /// How it writes its list.
    var shape = SourceShape.strings
    /// Where the URLs are in the JSON of a source of shape `objects`: "[].url", "data.relays[].url", "{}".
    var path: String?
    /// The whole list after decompression, 1 KiB to 64 MiB. Too small: a long list counts as failed.
    var maxBytes: ByteCount = .mebibytes(5)
    /// From one request to the next at least, restarts included; after failures it grows. Too small: a source that is
    /// down is asked again and again.
    var cooldown: Seconds = 300

    init() {}

    init(url: String) { self.url = url }

    /// As what it stands in the database, in logs and in metrics: its URL, cut and made distinct where that is longer
    /// than 256 bytes.
    var name: String {
        guard url.utf8.count > 256 else { return url }
        return String(decoding: url.utf8.prefix(239), as: UTF8.self) + "#"
            + SHA256.hash(Array(url.utf8)).hex.prefix(16)
    }

    func validate(into problems: inout Validation) {
        problems.check("timeout", timeout, in: 0.1...600)
        problems.check("max_bytes", maxBytes, in: .kibibytes(1)...ByteCount.mebibytes(64))
        problems.check("cooldown", cooldown, in: 0...604_800)
        problems.require(
            shape.accepts(path: path), "path", given: path.map { String($0.prefix(100)) } ?? "nothing",
            allowed: shape == .objects ? "a path such as [].url or data.relays[].url" : "nothing, or shape objects")
        let isWeb = ["http://", "https://"].contains { url.hasPrefix($0) && url.utf8.count > $0.utf8.count }
        let isPlain = url.utf8.count <= 2048 && url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        problems.require(
            isWeb && isPlain, "url", given: url.isEmpty ? "nothing" : String(url.prefix(100)),
            allowed: "a URL, http:// or https://, at most 2048 bytes")
    }
}

/// Section `nip05`: the documents that confirm authors' names also list their relays.
struct NIP05Settings: SettingsSection {
    /// Whether names are noted and looked up; off, because it asks thousands of hosts that are no relays.
    var enabled = false
    /// Names asked in one cycle, one a domain. Too small: names wait for months.
    var maxLookupsPerCycle = 500
    /// Requests at one time, 1 to 100.
    var concurrency = 10
    /// For one request. Too small: slow hosts count as failed.
    var timeout: Seconds = 10
    /// From an answer to the next request for that name. Too small: hosts are bothered.
    var recheck: Seconds = 2_592_000
    /// From a failure to the next request.
    var retry: Seconds = 259_200

    func validate(into problems: inout Validation) {
        problems.check("max_lookups_per_cycle", maxLookupsPerCycle, in: 1...100_000)
        problems.check("concurrency", concurrency, in: 1...100)
        problems.check("timeout", timeout, in: 0.1...60)
        problems.check("recheck", recheck, in: 0...31_536_000)
        problems.check("retry", retry, in: 0...31_536_000)
    }
}

/// Section `ranking`.
struct RankingSettings: SettingsSection {
    /// Places (a relay in a slot) that one author names at full weight. Too small: people with long lists count less;
    /// too large: one author can bury others.
    var authorQuota = 500
    /// Relays of one registered domain, or address, at full worth. Too small: hosts of many relays wait; too large: one
    /// domain's invented names come before others.
    var domainQuota = 20
    /// Relays ranked in one cycle. Too small: new relays wait unranked.
    var maxRelaysPerCycle = 100_000

    func validate(into problems: inout Validation) {
        problems.check("author_quota", authorQuota, in: 1...1_000_000)
        problems.check("domain_quota", domainQuota, in: 1...1_000_000)
        problems.check("max_relays_per_cycle", maxRelaysPerCycle, in: 1...100_000_000)
    }
}

/// Section `logging` of the Finder's own file.
struct FinderLogging: SettingsSection {
    /// Whether progress is logged during a long scan.
    var logProgress = true
    /// Least severe level; wins over the core file.
    var logLevel = LogLevel.info
    /// Events between two lines of progress, 1 to 10^9.
    var progressInterval = 5000

    func validate(into problems: inout Validation) {
        problems.check("progress_interval", progressInterval, in: 1...1_000_000_000)
    }
}

/// Section `lease`.
struct FinderLeaseSettings: SettingsSection {
    /// After this time without a renewal another replica may go on; the work of the first is refused then. Too small: a
    /// slow database has work done twice; too large: after a crash nobody looks for relays.
    var ttl: Seconds = 60

    func validate(into problems: inout Validation) { problems.check("ttl", ttl, in: 0.5...3600) }
}

/// Section `timeouts` of the Finder's own file.
struct FinderTimeouts: SettingsSection {
    /// One read of archived events. Too small: a busy database never answers.
    var dbQuery: Seconds = 30

    func validate(into problems: inout Validation) { problems.check("db_query", dbQuery, in: 0.1...3600) }
}
