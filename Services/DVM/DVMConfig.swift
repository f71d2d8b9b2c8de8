import Nostr
import ServiceKit
import Settings

/// `yaml/services/dvm.yaml`.
struct DVMConfig: ServiceConfig {
    /// Relays to take jobs from and to answer on; at most 100. None: the service idles.
    var relays: [String] = []
    /// From one look for jobs to the next. Too large: answers are late.
    var interval: Seconds = 10
    /// Its own health port.
    var health: ServiceHealthSettings?

    var cyclePause: Duration { interval.duration }
    /// Answers are signed.
    var requiredSecrets: [String] { relays.isEmpty ? [] : ["NOSTR_PRIVATE_KEY"] }

    func validate(into problems: inout Validation) {
        problems.check("interval", interval, in: 0.1...3600)
        problems.check("relays", relays.count, in: 0...100)
        for (index, url) in relays.enumerated() where (try? RelayURL.parse(url)) == nil {
            problems.require(
                false, "relays.[\(index)]", given: String(url.prefix(100)), allowed: "a relay URL, wss:// or ws://")
        }
    }
}
