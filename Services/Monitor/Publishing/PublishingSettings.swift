import Nostr
import Settings

/// Section `publishing`: kinds 30166 and 10166 (NIP-66), and who publishes them.
struct PublishingSettings: SettingsSection {
    /// Whether results are published; needs `NOSTR_PRIVATE_KEY`, a key of the Monitor's own.
    var enabled = false
    /// Relays to publish to; at most 100.
    var relays: [String] = []
    /// The longest time between two events of a relay that is up. Too small: relays get what they have; too large:
    /// readers take relays for gone (some look back six hours).
    var period: Seconds = 10_800
    /// For a connection, for each OK and for AUTH. Too small: slow relays never get anything.
    var timeout: Seconds = 10
    /// After a first failure; doubled up to `refusedWait`. Too small: relays are bothered.
    var retryWait: Seconds = 60
    /// After a relay has refused us. Too small: it is bothered; too large: it goes without when it relents.
    var refusedWait: Seconds = 86_400
    /// What waited so long is given up.
    var maxAge: Seconds = 172_800
    /// Deliveries (an event for a relay) that wait at most; the oldest go. Too small: an outage costs events.
    var maxQueue = 100_000
    /// Longest information document that is sent along. Too large: relays refuse the event.
    var maxContent = ByteCount.kibibytes(16)
    /// Most bits of work (NIP-13) in an event when relays ask for them, 0 to 24; all events then have them. Each bit
    /// doubles the time, about 0.1 s at 16.
    var maxPow = 0
    /// Name in the profile (kind 0); empty: no profile is published.
    var name = "BigBrotr Monitor"
    /// What the profile says.
    var about = "Checks relays and publishes what they answered (NIP-66)."
    /// Whether the list of `relays` is published (kind 10002).
    var relayList = true
    /// Where the checks are made from, a geohash (NIP-52); empty: that is not told.
    var geohash = ""

    func validate(into problems: inout Validation) {
        problems.check("relays", relays.count, in: 0...100)
        for (index, url) in relays.enumerated() where (try? RelayURL.parse(url)) == nil {
            problems.require(
                false, "relays.[\(index)]", given: String(url.prefix(100)), allowed: "a relay URL, wss:// or ws://")
        }
        problems.require(
            !enabled || !relays.isEmpty, "enabled", given: "true without relays",
            allowed: "false, or true with at least one relay")
        problems.check("period", period, in: 1...604_800)
        problems.check("timeout", timeout, in: 0.1...600)
        problems.check("retry_wait", retryWait, in: 0.1...86_400)
        problems.check("refused_wait", refusedWait, in: 0.1...2_592_000)
        problems.check("max_age", maxAge, in: 1...2_592_000)
        problems.check("max_queue", maxQueue, in: 1...10_000_000)
        problems.check("max_content", maxContent, in: 0...ByteCount.kibibytes(48))
        problems.check("max_pow", maxPow, in: 0...24)
        problems.require(
            retryWait <= refusedWait, "retry_wait", given: retryWait.settingText,
            allowed: "at most refused_wait (\(refusedWait.settingText))")
        if !name.isEmpty { problems.check("name", text: name, maxBytes: 100) }
        if !about.isEmpty { problems.check("about", text: about, maxBytes: 1000) }
        problems.require(
            geohash.utf8.count <= 12 && geohash.utf8.allSatisfy(Self.geohashLetters.utf8.contains), "geohash",
            given: String(geohash.prefix(100)), allowed: "at most 12 of the letters \(Self.geohashLetters)")
    }

    private static let geohashLetters = "0123456789bcdefghjkmnpqrstuvwxyz"

    /// The relays, each once, in the order of the settings.
    var urls: [RelayURL] {
        var seen: Set<RelayURL> = []
        return relays.compactMap { try? RelayURL.parse($0) }.filter { seen.insert($0).inserted }
    }

    /// The longest time between two events of a relay that is up: what the announcement promises.
    func interval(checks: CheckSettings) -> Duration { max(period, checks.period).duration }

    /// From which age on an event is repeated although nothing has changed: the next check, which may be late by a
    /// twentieth, would be too late.
    func refresh(checks: CheckSettings) -> Duration {
        max(period.duration - checks.period.duration * 1.05, .zero)
    }
}
