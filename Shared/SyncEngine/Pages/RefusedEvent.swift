internal import Nostr

/// A valid event that the database would not take. It is in quarantine: no sighting, and in no day's sum.
struct RefusedEvent: Sendable, Equatable {
    let id: EventID
    /// Its day's sum is without it.
    let createdAt: UnixTime
}
