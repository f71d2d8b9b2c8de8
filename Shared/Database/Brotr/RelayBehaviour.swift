public import Crypto
public import Nostr

/// What visits learnt of how a relay answers: the column `relay_sync.behaviour`. What is nil was not seen yet; in a
/// change it leaves what is stored.
public struct RelayBehaviour: Sendable, Equatable {
    /// How often its answers contradicted each other.
    public var contradictions: Int32?
    /// How often an answer ended early as if it were whole.
    public var shortAnswers: Int32?
    /// `newest_first` or `unordered`.
    public var order: String?
    /// Whether it honours `since` (NIP-01).
    public var since: Bool?
    /// Whether it honours `until` (NIP-01).
    public var until: Bool?
    /// Whether `since` and `until` take their own second in: `inclusive` (NIP-01), `since_exclusive`,
    /// `until_exclusive` or `exclusive`.
    public var bounds: String?
    /// Whether its EOSE says if there is more (NIP-67).
    public var hints: Bool?
    /// Whether its COUNT of a day was the number of events that it had served of it (NIP-45).
    public var count: Bool?
    /// Whether it compares sets (NIP-77).
    public var negentropy: Bool?
    /// Whether it refuses us until it knows who asks (NIP-42).
    public var auth: Bool?
    /// When a shortcoming was last found: Unix seconds of the database's clock.
    public var calibratedAt: Int64?
    /// Names the filter and time range that the coverage holds under, in hex digits; empty for everything, nil when
    /// none was ever set.
    public var filter: String?

    /// Seconds that held an answer's worth of events when it was last read in windows of time; the sync engine's own.
    public var span: Int64?

    /// What further looks at read intervals found, by age of the interval; the sync engine's own word.
    public var rescans: String?

    /// What one visit leaves for the next one to keep in mind; the sync engine's own word.
    public var reading: String?

    /// Nothing is known.
    public init() {}

    /// What both say; where both say something, the later one counts.
    public func merging(_ later: RelayBehaviour) -> RelayBehaviour {
        var merged = self
        merged.contradictions = later.contradictions ?? contradictions
        merged.shortAnswers = later.shortAnswers ?? shortAnswers
        merged.order = later.order ?? order
        merged.since = later.since ?? since
        merged.until = later.until ?? until
        merged.bounds = later.bounds ?? bounds
        merged.hints = later.hints ?? hints
        merged.count = later.count ?? count
        merged.negentropy = later.negentropy ?? negentropy
        merged.auth = later.auth ?? auth
        merged.calibratedAt = later.calibratedAt ?? calibratedAt
        merged.filter = later.filter ?? filter
        merged.span = later.span ?? span
        merged.rescans = later.rescans ?? rescans
        merged.reading = later.reading ?? reading
        return merged
    }

    /// The keys that are set, as a JSON object.
    var json: JSONText {
        var members: [String] = []
        let numbers = [("contradictions", contradictions), ("short_answers", shortAnswers)]
        for case (let key, let number?) in numbers { members.append("\"\(key)\":\(number)") }
        for case (let key, let number?) in [("calibrated_at", calibratedAt), ("span", span)] {
            members.append("\"\(key)\":\(number)")
        }
        // Our own words, never a relay's.
        for case (let key, let word?) in [
            ("order", order), ("bounds", bounds), ("filter", filter), ("rescans", rescans), ("reading", reading),
        ] {
            members.append("\"\(key)\":\"\(word)\"")
        }
        let flags = [
            ("since", since), ("until", until), ("hints", hints), ("count", count), ("negentropy", negentropy),
            ("auth", auth),
        ]
        for case (let key, let flag?) in flags { members.append("\"\(key)\":\(flag)") }
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
