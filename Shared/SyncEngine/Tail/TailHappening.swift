public import Nostr

/// What becomes of open subscriptions, for metrics.
public enum TailHappening: Sendable {
    /// A relay is followed from now on.
    case began(Network)
    /// It no longer is; the word says why: an `InconclusiveReason`, "rejected" for too much junk, or "left" when the
    /// visit ended it.
    case ended(Network, reason: String)
    /// A group of live events was stored: how many events came, and the time from arrival to commit of each part of it.
    case stored(events: Int, delays: [Duration])
}
