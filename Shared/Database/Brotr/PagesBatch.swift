public import Crypto
public import Nostr

/// Everything one call of `commit_pages` stores: pages of one or more relays and the new events they brought.
public struct PagesBatch: Sendable {
    /// The replica that holds the leases of all pages.
    public var owner: ReplicaID
    /// One or more pages; several of one relay are applied in their order.
    public var pages: [RelayPage]
    /// New, verified, each id once; any order.
    public var events: [Event]

    /// Direct form.
    public init(owner: ReplicaID, pages: [RelayPage], events: [Event] = []) {
        self.owner = owner
        self.pages = pages
        self.events = events
    }
}

/// One page of one relay with the progress it justifies. Of the optional values nil leaves the table as it is.
public struct RelayPage: Sendable {
    /// Which relay.
    public var relay: RelayID
    /// The fence of the lease; another one in the table refuses the page.
    public var fence: Int64
    /// (frontier, walkHi] is proven, the second itself is open.
    public var frontier: UnixTime?
    /// Lower end of the walk in progress, inclusive.
    public var walkLo: UnixTime?
    /// Upper end of the walk in progress, inclusive.
    public var walkHi: UnixTime?
    /// Upper end of proven history, inclusive; only rises.
    public var sealedHi: UnixTime?
    /// How far the tail has been followed.
    public var tailSeen: UnixTime?
    /// Forgets the walk in progress first; values beside it begin the next.
    public var clearsWalk = false
    /// Events in the largest conclusive page.
    public var capSeen: Int32?
    /// Events to ask for in the next page.
    public var pageSize: Int32?
    /// What was learnt of the relay's behaviour; only what is set is written.
    public var behaviour: RelayBehaviour?
    /// Places in the batch's `events` of those seen on this page.
    public var newEvents: [Int] = []
    /// Events stored already and not linked to this relay yet.
    public var known: [KnownSighting] = []
    /// `events.id` of sightings that the relay no longer has.
    public var gone: [Int64] = []
    /// Fingerprints of the days touched, as they are after this page.
    public var days: [(day: Int32, sum: DaySum)] = []
    /// `lo` of coverage rows that go.
    public var coverageDrop: [UnixTime] = []
    /// Coverage rows that come or change.
    public var coveragePut: [CoverageRow] = []
    /// What failed validation.
    public var quarantined: [QuarantineRow] = []

    /// A page that changes nothing yet.
    public init(relay: RelayID, fence: Int64) {
        self.relay = relay
        self.fence = fence
    }
}

/// An event that was stored before and is now seen on one more relay.
public struct KnownSighting: Hashable, Sendable {
    /// `events.id`.
    public var event: Int64
    /// As of the event.
    public var createdAt: UnixTime
    /// As of the event.
    public var kind: UInt16
    /// As of the event.
    public var pubkey: PublicKey

    /// Direct form.
    public init(event: Int64, createdAt: UnixTime, kind: UInt16, pubkey: PublicKey) {
        self.event = event
        self.createdAt = createdAt
        self.kind = kind
        self.pubkey = pubkey
    }
}

/// An event that is stored, as asked for on behalf of one relay.
public struct HeldEvent: Hashable, Sendable {
    /// As a sighting of it is written.
    public var sighting: KnownSighting
    /// The relay has a sighting of it that has not ended.
    public var isLinked: Bool

    /// Direct form.
    public init(sighting: KnownSighting, isLinked: Bool) {
        self.sighting = sighting
        self.isLinked = isLinked
    }
}

/// One row of `relay_coverage`.
public struct CoverageRow: Hashable, Sendable {
    /// First second, inclusive.
    public var lo: UnixTime
    /// Last second, inclusive.
    public var hi: UnixTime
    /// 0 open, 1 walking, 2 provisional, 3 sealed, 4 settled, 5 gap.
    public var state: Int16
    /// 1 the relay said finish, 2 negentropy, 3 two walks, 4 one walk and COUNT.
    public var proof: Int16?
    /// Conclusive pages behind it.
    public var pages: Int32?
    /// Events found in it.
    public var items: Int64?
    /// Largest page seen when it was proven.
    public var cap: Int32?
    /// Of a gap: 1 unanswered, 2 saturated_second, 3 until_ignored, 4 unordered, 5 auth, 6 payment, 7 restricted,
    /// 8 oversize, 9 poison.
    public var reason: Int16?
    /// When the interval is looked at again, by the database's clock; nil when not planned.
    public var rescanAt: UnixTime?
    /// Place in the schedule of re-scans.
    public var rescanStep: Int16?

    /// Direct form.
    public init(
        lo: UnixTime, hi: UnixTime, state: Int16, proof: Int16? = nil, pages: Int32? = nil, items: Int64? = nil,
        cap: Int32? = nil, reason: Int16? = nil, rescanAt: UnixTime? = nil, rescanStep: Int16? = nil
    ) {
        self.lo = lo
        self.hi = hi
        self.state = state
        self.proof = proof
        self.pages = pages
        self.items = items
        self.cap = cap
        self.reason = reason
        self.rescanAt = rescanAt
        self.rescanStep = rescanStep
    }
}

/// Bytes that failed validation.
public struct QuarantineRow: Hashable, Sendable {
    /// Kind of the defect in snake_case, at most 64 bytes.
    public var reason: String
    /// SHA-256 of the whole bytes.
    public var digest: Bytes32
    /// The bytes; what is over 64 KiB is left out when they are stored.
    public var raw: [UInt8]

    /// Direct form.
    public init(reason: String, digest: Bytes32, raw: [UInt8]) {
        self.reason = reason
        self.digest = digest
        self.raw = raw
    }

    /// Bytes kept of each row.
    public static let maxRawBytes = 64 << 10
}

/// What became of one page.
public struct CommitAnswer: Sendable, Equatable {
    /// Which relay.
    public var relay: RelayID
    /// False when the lease was lost: nothing of the page was stored.
    public var accepted: Bool
    /// Events stored for the first time by this page.
    public var eventsNew: Int
    /// Sightings given of events that were stored before.
    public var eventsKnown: Int
    /// Links that did not exist.
    public var sightingsNew: Int
    /// Events the database cannot hold: they are in quarantine and counted in none of the above, and the day sums that
    /// were stored leave them out.
    public var poisoned: [EventID] = []

    /// Direct form.
    public init(
        relay: RelayID, accepted: Bool, eventsNew: Int = 0, eventsKnown: Int = 0, sightingsNew: Int = 0,
        poisoned: [EventID] = []
    ) {
        self.relay = relay
        self.accepted = accepted
        self.eventsNew = eventsNew
        self.eventsKnown = eventsKnown
        self.sightingsNew = sightingsNew
        self.poisoned = poisoned
    }
}
