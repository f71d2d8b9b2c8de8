import Crypto
import Nostr
import Settings

/// Which events follow from checks and settings, and for whom: pure.
struct PublicationRules: Sendable {
    let author: PublicKey
    let publishing: PublishingSettings
    let checks: CheckSettings
    let openTimeout: Duration

    /// How often we say who we are when nothing about it has changed.
    private static let announcementPeriod = Duration.seconds(86_400)

    /// What a full check says to others; nil when it says nothing: a relay that is not there is not announced (NIP-66
    /// has no word for down, silence is that word), and nobody is told of addresses that only mean something here, but
    /// a relay that is one itself.
    func event(for url: RelayURL, _ report: CheckReport) -> QueuedEvent? {
        guard report.isUp, !report.isLight else { return nil }
        let targets = publishing.urls.filter { url.network != .local || $0.network == .local }
        guard !targets.isEmpty else { return nil }
        var event = DiscoveryEvent(url: url, report: report, mostContent: publishing.maxContent.bytes)
        event.geohash = report.host.geohash
        event.labels = report.host.labels
        let digest = QueuedEvent.digest(
            author: author, kind: DiscoveryEvent.kind, tags: event.steadyTags, content: event.content)
        return QueuedEvent(
            kind: DiscoveryEvent.kind, identifier: DiscoveryEvent.identifier(url), tags: event.tags,
            content: event.content, digest: digest, refresh: publishing.refresh(checks: checks), targets: targets)
    }

    /// What the Monitor says about itself.
    var announcements: [QueuedEvent] {
        MonitorAnnouncement(publishing: publishing, checks: checks, openTimeout: openTimeout).statements.map {
            QueuedEvent(
                kind: $0.kind, identifier: "", tags: $0.tags, content: $0.content,
                digest: QueuedEvent.digest(author: author, kind: $0.kind, tags: $0.tags, content: $0.content),
                refresh: Self.announcementPeriod, targets: publishing.urls)
        }
    }
}
