internal import Nostr

/// What a visit keeps of the relay's open subscription.
struct LiveReading: Sendable {
    /// Nil where the relay is not followed.
    let tail: Tail?
    /// Events that were rejected on it.
    var rejected = 0
    private var watched: ClosedRange<Int64>?
    private var shown: [PreparedPage.Shown] = []

    init(_ tail: Tail?) { self.tail = tail }

    /// Whether something may still come.
    var isOpen: Bool { tail.map { !$0.isOver } ?? false }

    /// Keeps in mind what comes within these seconds from now on. Whoever compares them with what is stored must
    /// know of it: the relay has it, though it may have come after its answer was made.
    mutating func watch(_ seconds: ClosedRange<Int64>?) { (watched, shown) = (seconds, []) }

    /// A further pass compares; a walk through what was never read does not.
    mutating func watch(_ stretch: WalkState.Stretch) {
        guard case .interval(let interval) = stretch else { return watch(nil) }
        watch(interval.lo <= interval.hi ? interval.lo...interval.hi : nil)
    }

    mutating func note(_ prepared: PreparedPage) {
        guard let watched else { return }
        for event in prepared.shown where watched.contains(event.createdAt.seconds) {
            shown.append(
                .init(
                    id: event.id, createdAt: event.createdAt, kind: event.kind, pubkey: event.pubkey, isFresh: false))
        }
    }

    /// What came since the last call.
    mutating func takeShown() -> [PreparedPage.Shown] {
        defer { shown = [] }
        return shown
    }

    /// Events in mind.
    var shownCount: Int { shown.count }
}
