public import Nostr

/// A relay that this replica may work on until the lease ends, with its progress as of the claim.
public struct RelayLease: Sendable, Equatable {
    /// Its short key.
    public var relay: RelayID
    /// Where it is dialled.
    public var url: RelayURL
    /// Of the URL.
    public var network: Network
    /// Whose lease it is.
    public var owner: ReplicaID
    /// Every write carries it.
    public var fence: Int64
    /// 0 ordinary, 1 priority.
    public var lane: Int16
    /// 0 ok, 1 auth, 2 unordered, 3 unpageable, 4 blocked, 5 unreachable.
    public var relayClass: Int16
    /// The operator said never to dial it: release it at once, due in an hour.
    public var isIgnored: Bool
    /// How far the tail has been followed.
    public var tailSeen: UnixTime?
    /// Upper end of proven history, inclusive.
    public var sealedHi: UnixTime?
    /// Lower end of the walk in progress, inclusive; nil without a walk.
    public var walkLo: UnixTime?
    /// Upper end of the walk in progress, inclusive; nil without a walk.
    public var walkHi: UnixTime?
    /// (frontier, walkHi] is proven, the second itself is open.
    public var frontier: UnixTime?
    /// Events in the largest conclusive page.
    public var capSeen: Int32?
    /// Events to ask for in the next page.
    public var pageSize: Int32?
    /// Failed visits in a row.
    public var fails: Int32
    /// Requests a second that the relay bears, as learned; nil for no limit.
    public var rate: Double?
    /// Bytes used beyond the fair share.
    public var deficitBytes: Int64
    /// The database's time at the claim: the only clock that counts.
    public var databaseNow: UnixTime

    /// For tests; the real ones come from `Brotr.claimRelays`.
    public init(
        relay: RelayID, url: RelayURL, network: Network, owner: ReplicaID, fence: Int64, lane: Int16 = 0,
        relayClass: Int16 = 0, isIgnored: Bool = false, tailSeen: UnixTime? = nil, sealedHi: UnixTime? = nil,
        walkLo: UnixTime? = nil, walkHi: UnixTime? = nil, frontier: UnixTime? = nil, capSeen: Int32? = nil,
        pageSize: Int32? = nil, fails: Int32 = 0, rate: Double? = nil, deficitBytes: Int64 = 0, databaseNow: UnixTime
    ) {
        self.relay = relay
        self.url = url
        self.network = network
        self.owner = owner
        self.fence = fence
        self.lane = lane
        self.relayClass = relayClass
        self.isIgnored = isIgnored
        self.tailSeen = tailSeen
        self.sealedHi = sealedHi
        self.walkLo = walkLo
        self.walkHi = walkHi
        self.frontier = frontier
        self.capSeen = capSeen
        self.pageSize = pageSize
        self.fails = fails
        self.rate = rate
        self.deficitBytes = deficitBytes
        self.databaseNow = databaseNow
    }
}

/// How a relay is given back.
public struct RelayRelease: Sendable, Equatable {
    /// Which relay.
    public var relay: RelayID
    /// Of the lease.
    public var fence: Int64
    /// Who held it.
    public var owner: ReplicaID
    /// When the next visit is due, from the database's now.
    public var dueIn: Duration
    /// New class; nil leaves it, and the error of an earlier visit too.
    public var relayClass: Int16?
    /// Failed visits in a row, this one included; 0 after success.
    public var fails: Int32
    /// Kind of the failure; nil after success, or with no class for no news.
    public var lastError: String?
    /// Requests a second that the relay bears; nil for no limit.
    public var rate: Double?
    /// Bytes downloaded beyond its fair share, to be taken off the next visit.
    public var deficitBytes: Int64

    /// Direct form.
    public init(
        relay: RelayID, fence: Int64, owner: ReplicaID, dueIn: Duration, relayClass: Int16? = nil, fails: Int32 = 0,
        lastError: String? = nil, rate: Double? = nil, deficitBytes: Int64 = 0
    ) {
        self.relay = relay
        self.fence = fence
        self.owner = owner
        self.dueIn = dueIn
        self.relayClass = relayClass
        self.fails = fails
        self.lastError = lastError
        self.rate = rate
        self.deficitBytes = deficitBytes
    }
}

/// What is thought of a relay while it is held.
public struct RelayStanding: Sendable, Equatable {
    /// `relay_sync.class`.
    public var relayClass: Int16
    /// Kind of the last failure; nil after success.
    public var lastError: String?

    /// Direct form.
    public init(relayClass: Int16, lastError: String?) {
        self.relayClass = relayClass
        self.lastError = lastError
    }
}
