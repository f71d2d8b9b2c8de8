import Nostr
import Settings

// NIP-66, "Relay Monitor Announcements"; NIP-01 (kind 0); NIP-65 (kind 10002).

/// What the Monitor says about itself: pure.
struct MonitorAnnouncement: Sendable {
    /// A kind, its tags and its content.
    typealias Statement = (kind: UInt16, tags: [[String]], content: String)

    /// What is published where.
    var publishing: PublishingSettings
    /// What is checked how often and for how long.
    var checks: CheckSettings
    /// For opening a connection on the clearnet.
    var openTimeout: Duration

    /// The announcement, and the profile and relay list unless the settings leave them out.
    var statements: [Statement] { [announcement] + (profile.map { [$0] } ?? []) + (relayList.map { [$0] } ?? []) }

    /// Kind 10166. `timeout` is in the order of the text, milliseconds first; its example has them the other way round.
    private var announcement: Statement {
        let times: [(String, Duration)] =
            [
                ("open", openTimeout), ("read", checks.readTimeout.duration), ("nip11", checks.nip11Timeout.duration),
                ("dns", checks.dnsTimeout.duration), ("ssl", checks.tlsTimeout.duration),
            ] + (checks.write.enabled ? [("write", checks.write.timeout.duration)] : [])
        let frequency = publishing.interval(checks: checks).components.seconds
        let names = times.map(\.0) + (checks.geo.isConfigured ? ["geo"] : [])
        let tags =
            [["frequency", String(frequency)]] + times.map { ["timeout", String($1.milliseconds), $0] }
            + names.map { ["c", $0] } + (publishing.geohash.isEmpty ? [] : [["g", publishing.geohash]])
        return (10_166, tags, "")
    }

    /// Kind 0, with the mark of a program (NIP-24).
    private var profile: Statement? {
        guard !publishing.name.isEmpty else { return nil }
        let about = publishing.about.isEmpty ? [] : [JSONValue.Member("about", .string(publishing.about))]
        let members = [JSONValue.Member("name", .string(publishing.name))] + about + [.init("bot", true)]
        return (0, [], String(decoding: JSONValue.object(members).encode(), as: UTF8.self))
    }

    /// Kind 10002: where our events are written to. Addresses that only mean something here are no news elsewhere.
    private var relayList: Statement? {
        guard publishing.relayList else { return nil }
        let urls = publishing.urls
        let open = urls.filter { $0.network != .local }
        return (10_002, (open.isEmpty ? urls : open).map { ["r", $0.text, "write"] }, "")
    }
}
