// NIP-77: Negentropy Syncing, with protocol version 1 in its appendix.
// https://github.com/nostr-protocol/nips/blob/master/77.md

/// One event as set reconciliation sees it: when it was made, and its id.
public struct NegentropyItem: Hashable, Sendable {
    /// Seconds since 1970; the greatest value means infinity and belongs to no event.
    let timestamp: UInt64
    /// The event's id.
    public let id: EventID

    /// An event. The protocol has no times before 1970: they count as 1970.
    public init(createdAt: UnixTime, id: EventID) {
        self.init(timestamp: UInt64(clamping: createdAt.seconds), id: id)
    }

    /// A place in the order of items.
    init(timestamp: UInt64, id: EventID) {
        self.timestamp = timestamp
        self.id = id
    }

    /// When the event was made; what no `UnixTime` can hold is held at its end.
    public var createdAt: UnixTime { UnixTime(seconds: Int64(clamping: timestamp)) }
}

extension NegentropyItem: Comparable {
    /// Older first, ties by the bytes of the id: both sides must sort alike.
    public static func < (left: NegentropyItem, right: NegentropyItem) -> Bool {
        left.timestamp != right.timestamp ? left.timestamp < right.timestamp : left.id < right.id
    }
}
