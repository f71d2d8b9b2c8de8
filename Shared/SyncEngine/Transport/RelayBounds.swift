internal import Nostr
internal import Synchronization

/// Whether the bounds of time in a filter take their own second in, as NIP-01 has it (`since <= created_at <= until`).
/// A relay that takes one as exclusive never shows what stands in that second, and nothing else tells so.
enum RelayBounds: String, Sendable, CaseIterable {
    case inclusive
    case untilExclusive = "until_exclusive"
    case sinceExclusive = "since_exclusive"
    case exclusive

    /// The filter by which the relay shows what `filter` asks for.
    func widened(_ filter: Filter) -> Filter {
        var filter = filter
        if self == .sinceExclusive || self == .exclusive { filter.since = filter.since?.moved(by: -1) }
        if self == .untilExclusive || self == .exclusive { filter.until = filter.until?.moved(by: 1) }
        return filter
    }
}

/// What is known of a relay's bounds during a visit: found out once, and from then on heeded by all its questions.
final class KnownBounds: Sendable {
    private let state: Mutex<RelayBounds?>

    /// As earlier visits learnt it; nil where none did.
    init(_ bounds: RelayBounds?) { state = Mutex(bounds) }

    /// Nil while nothing is known.
    var bounds: RelayBounds? { state.withLock { $0 } }

    func learn(_ bounds: RelayBounds) { state.withLock { $0 = bounds } }

    /// As `RelayBounds.widened`; unchanged while nothing is known.
    func widened(_ filter: Filter) -> Filter { (bounds ?? .inclusive).widened(filter) }
}
