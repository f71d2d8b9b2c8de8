import Nostr

/// A relay that this replica publishes to until the lease ends.
struct PublishLease: Sendable {
    var url: RelayURL
    /// Every write carries it.
    var fence: Int64
    /// Visits in a row that went wrong.
    var fails: Int32
}

/// An event that waits for a relay.
struct Delivery: Sendable {
    /// Of the row in the queue; a newer event has another.
    var id: Int64
    /// All but its nonce, author and signature.
    var event: UnsignedEvent
    /// Work that it shall have.
    var bits: Int16
    /// Older events of its address that the relay never got.
    var skipped: Int32
    /// How often the relay gave no answer to it.
    var tries: Int16
}
