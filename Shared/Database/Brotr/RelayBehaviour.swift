public import Crypto
public import Nostr

/// What visits learnt of how a relay answers: the column `relay_sync.behaviour`.
public struct RelayBehaviour: Sendable, Equatable {
    /// How often its answers contradicted each other; nil leaves the stored number.
    public var contradictions: Int32?
    /// How often an answer ended early as if it were whole; nil leaves the stored number.
    public var shortAnswers: Int32?
    /// `newest_first` or `unordered`; nil when not tried.
    public var order: String?
    /// Whether it speaks NIP-77; nil when not tried.
    public var negentropy: Bool?
    /// Names the filter and time range that the coverage holds under, in hex digits; empty for everything, nil when
    /// none was ever set.
    public var filter: String?

    /// What is given; nil says nothing.
    public init(
        contradictions: Int32? = nil, shortAnswers: Int32? = nil, order: String? = nil, negentropy: Bool? = nil,
        filter: String? = nil
    ) {
        self.contradictions = contradictions
        self.shortAnswers = shortAnswers
        self.order = order
        self.negentropy = negentropy
        self.filter = filter
    }

    /// The keys that are set, as a JSON object.
    var json: JSONText {
        var members: [String] = []
        if let contradictions { members.append("\"contradictions\":\(contradictions)") }
        if let shortAnswers { members.append("\"short_answers\":\(shortAnswers)") }
        // Our own words, never a relay's.
        if let order { members.append("\"order\":\"\(order)\"") }
        if let negentropy { members.append("\"negentropy\":\(negentropy)") }
        if let filter { members.append("\"filter\":\"\(filter)\"") }
        return JSONText(Array("{\(members.joined(separator: ","))}".utf8))
    }
}

/// A row of `events_relays` of one relay.
public struct StoredSighting: Hashable, Sendable {
    /// `events.id`.
    public var event: Int64
    /// The event.
    public var id: EventID
    /// As of the event.
    public var createdAt: UnixTime
    /// The relay no longer has it.
    public var isGone: Bool

    /// Direct form.
    public init(event: Int64, id: EventID, createdAt: UnixTime, isGone: Bool) {
        self.event = event
        self.id = id
        self.createdAt = createdAt
        self.isGone = isGone
    }
}
