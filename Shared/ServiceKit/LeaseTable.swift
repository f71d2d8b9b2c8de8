/// Leases held by one replica, by this machine's monotonic clock: a pure state machine.
///
/// A lease is used until its `usable` time after the moment at which its last renewal was *sent*, which is before the
/// database counted from. Correctness does not hang on it: only the fence decides what is stored.
struct LeaseTable<Key: Hashable & Comparable & Sendable>: Sendable {
    struct Lease: Sendable {
        var fence: Int64
        var usableUntil: Duration
    }

    /// How long a lease is used after a renewal: the ttl less 10 s, or less a sixth of a short ttl.
    let usable: Duration
    /// From one renewal to the next.
    let renewal: Duration
    /// From a failed renewal to the next try.
    let retry: Duration
    private(set) var leases: [Key: Lease] = [:]

    /// Renewed at every `heartbeat`, by default every third of the ttl.
    init(ttl: Duration, heartbeat: Duration? = nil) {
        usable = ttl - min(.seconds(10), ttl / 6)
        renewal = heartbeat ?? ttl / 3
        retry = ttl / 12
    }

    /// Takes a lease into the table; `claimedAt` is the time before the claim was sent.
    mutating func hold(_ key: Key, fence: Int64, claimedAt: Duration) {
        leases[key] = Lease(fence: fence, usableUntil: claimedAt + usable)
    }

    /// Takes a lease out that is given back. One that was claimed anew meanwhile stays.
    mutating func drop(_ key: Key, fence: Int64) {
        if leases[key]?.fence == fence { leases[key] = nil }
    }

    /// Whether the lease may still be used.
    func isUsable(_ key: Key, fence: Int64, now: Duration) -> Bool {
        guard let lease = leases[key], lease.fence == fence else { return false }
        return now < lease.usableUntil
    }

    /// What a renewal has to name, by key.
    var claims: [(key: Key, fence: Int64)] {
        leases.map { (key: $0.key, fence: $0.value.fence) }.sorted { $0.key < $1.key }
    }

    /// The answer to a renewal that named `claims` and was sent at `sentAt`: those that are not in it are lost.
    mutating func renewed(_ claims: [(key: Key, fence: Int64)], stillOurs: Set<Key>, sentAt: Duration) -> [Key] {
        var lost: [Key] = []
        for claim in claims where leases[claim.key]?.fence == claim.fence {
            if stillOurs.contains(claim.key) {
                leases[claim.key]?.usableUntil = sentAt + usable
            } else {
                leases[claim.key] = nil
                lost.append(claim.key)
            }
        }
        return lost
    }

    /// Takes out the leases that may no longer be used.
    mutating func expire(now: Duration) -> [Key] {
        let over = leases.filter { now >= $0.value.usableUntil }.keys.sorted()
        for key in over { leases[key] = nil }
        return over
    }

    /// When a lease ends that is not renewed: the first one, or `limit` where none ends before.
    func nextEnd(before limit: Duration) -> Duration {
        leases.values.map(\.usableUntil).reduce(limit, min)
    }
}
