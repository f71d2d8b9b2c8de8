public import Nostr

/// One page as a walk asks for it: the newest `limit` events of a closed interval of seconds.
public struct PageRequest: Sendable, Equatable {
    /// Oldest second wanted, inclusive; nil sends no `since`.
    public var since: UnixTime?
    /// Newest second wanted, inclusive; nil sends no `until`, so that events dated in the future are seen too.
    public var until: UnixTime?
    /// Number of events asked for, at least 1. Relays clamp it silently.
    public var limit: Int
    /// Kinds this request is narrowed to, by the archive's filter or to a part of a split second; nil for all.
    public var kinds: [UInt16]?
    /// Authors this request is narrowed to, likewise; nil for all.
    public var authors: [PublicKey]?
    /// Values by the tag's letter, of which an event has one of each letter's; the archive's filter.
    public var tags: [TagName: [String]] = [:]
    /// These events alone; nil for all.
    public var ids: [EventID]?

    /// A request over an interval; narrowing is for parts of a split second.
    public init(
        since: UnixTime?, until: UnixTime?, limit: Int, kinds: [UInt16]? = nil, authors: [PublicKey]? = nil
    ) {
        self.since = since
        self.until = until
        self.limit = limit
        self.kinds = kinds
        self.authors = authors
    }

    /// A request for certain events, whenever they were made.
    public init(ids: [EventID]) {
        self.init(since: nil, until: nil, limit: max(ids.count, 1))
        self.ids = ids
    }

    /// The NIP-01 filter that is sent.
    public var filter: Filter {
        var filter = Filter()
        filter.since = since
        filter.until = until
        filter.limit = limit
        filter.kinds = kinds
        filter.authors = authors
        filter.tags = tags
        filter.ids = ids
        return filter
    }
}

/// Why an answer proves nothing about the interval it was asked for. Stable words for logs and metrics.
public enum InconclusiveReason: String, Sendable, Equatable, CaseIterable {
    /// No EOSE before the deadline, or no progress.
    case timedOut = "timed_out"
    /// The connection ended before EOSE.
    case disconnected
    /// CLOSED with `auth-required` or a NIP-42 demand.
    case authRequired = "auth_required"
    /// CLOSED with `restricted`, `blocked` or `mute`: the relay will not serve us this.
    case restricted
    /// CLOSED with `payment-required`.
    case paymentRequired = "payment_required"
    /// CLOSED with `rate-limited`.
    case rateLimited = "rate_limited"
    /// CLOSED with any other prefix, or none.
    case closed
    /// An answer without events that says there are more, or one that another answer denies.
    case contradicted
    /// More events or bytes than a page may hold before EOSE.
    case overBudget = "over_budget"
}

/// How a page ended.
public enum PageEnding: Sendable, Equatable {
    /// EOSE for this subscription, in time: what came is the relay's whole answer. The hint is NIP-67's.
    case conclusive(hint: EOSEHint?)
    /// Anything else.
    case inconclusive(InconclusiveReason)
}

/// What the decisions about paging need to know of an event.
public struct EventStamp: Sendable, Hashable {
    /// The event's id.
    public var id: EventID
    /// The author.
    public var pubkey: PublicKey
    /// When the author says the event was made.
    public var createdAt: UnixTime
    /// 0...65535.
    public var kind: UInt16

    /// A stamp of the given values.
    public init(id: EventID, pubkey: PublicKey, createdAt: UnixTime, kind: UInt16) {
        self.id = id
        self.pubkey = pubkey
        self.createdAt = createdAt
        self.kind = kind
    }

    /// The stamp of a parsed event.
    public init(_ event: ParsedEvent) {
        self.init(id: event.id, pubkey: event.pubkey, createdAt: event.createdAt, kind: event.kind)
    }
}

/// What a page says about the relay's holdings: the only input of a walk's decisions.
public struct PageFacts: Sendable {
    /// How the page ended.
    public var ending: PageEnding
    /// The events inside the asked interval whose shape and id are right, in the order they arrived, no id twice.
    public var events: [EventStamp]
    /// EVENT messages for this subscription, the invalid and repeated ones too: what counts against a relay's cap.
    public var received: Int
    /// Events older than `since`: the relay ignores `since`, or says that nothing is inside.
    public var older: Int
    /// Events newer than `until`: the relay ignores `until`.
    public var newer: Int
    /// Events of kinds, authors or tags that were not asked for.
    public var foreign = 0
    /// The times of foreign events inside the interval: how far back the answer goes. A relay that takes no notice of
    /// the filter is walked through all it has.
    public var ghosts: [UnixTime] = []
    /// What rejected events say of their time, where that is inside the interval. Anybody can write anything there: it
    /// says that the answer was not empty, and proves nothing.
    public var claims: [UnixTime] = []
    /// Rejected events that do not even say their time.
    public var unplaced = 0
    /// The connection ended with the page: nothing more can be asked on it.
    public var endsConnection = false

    /// Facts of one page.
    public init(ending: PageEnding, events: [EventStamp] = [], received: Int? = nil, older: Int = 0, newer: Int = 0) {
        self.ending = ending
        self.events = events
        self.received = received ?? (events.count + older + newer)
        self.older = older
        self.newer = newer
    }

    /// Nothing lies inside the asked interval, valid or not.
    var isEmpty: Bool { isUnproven && claims.isEmpty }

    /// Nothing inside the asked interval says how far back the answer goes.
    var isUnproven: Bool { events.isEmpty && ghosts.isEmpty }

    /// It holds what nobody may store.
    var isRejected: Bool { unplaced > 0 || !claims.isEmpty }

    /// Takes out the events that turned out to be forged: they are like all that is rejected.
    mutating func keep(_ valid: Set<EventID>) {
        claims += events.filter { !valid.contains($0.id) }.map(\.createdAt)
        events.removeAll { !valid.contains($0.id) }
    }

    /// The same facts about the part of the interval from `lo` on: what is older counts as outside of it.
    func countingAsOlder(below lo: UnixTime) -> PageFacts {
        var facts = self
        facts.events.removeAll { $0.createdAt < lo }
        facts.older += events.count - facts.events.count
        facts.ghosts.removeAll { $0 < lo }
        facts.claims.removeAll { $0 < lo }
        return facts
    }
}
