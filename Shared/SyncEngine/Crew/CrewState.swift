internal import Database
internal import Nostr
internal import ServiceKit
internal import Settings

/// What is under way: which visits run, who has a slot, and who has lent his. Pure but for the words it
/// says to visits.
struct CrewState {
    /// A relay that was claimed.
    struct Visit {
        let control: VisitControl
        let url: RelayURL
        let network: Network
        let number: Int
        /// False while it waits for a slot that was lent to another visit.
        var hasSlot: Bool
    }

    private(set) var running: [RelayID: Visit] = [:]
    var mayClaim = true
    var isTimerSet = false
    /// The database did not take the last claim. Visits that run are not concerned.
    private(set) var claimError: (any Error)?
    /// Nothing is claimed before, by the monotonic clock.
    private(set) var claimsFrom = Duration.zero

    private var free: SyncCrew.Slots
    private let mostStaying: Int
    private var visits = 0
    private var backoff = Backoff(initial: 1, ceiling: 30)

    /// - Parameter mostStaying: relays followed at a time, at most.
    init(free: SyncCrew.Slots, mostStaying: Int) {
        self.free = free
        self.mostStaying = mostStaying
    }

    /// A claim went through.
    mutating func hasClaimed() {
        claimError = nil
        backoff.reset()
    }

    /// A claim failed: the next ones wait, longer each time.
    mutating func failedToClaim(_ error: any Error, at now: Duration, jitter: Double) {
        claimError = error
        claimsFrom = now + backoff.next(jitter: jitter)
    }

    /// Relays that may be claimed now: the free slots, and those of visits that only stay because nobody needs them.
    func claimable(_ network: Network) -> Int {
        let visits = running.values.filter { $0.network == network }
        let waiting = visits.count { !$0.hasSlot }
        let lent = visits.count { $0.control.isStaying }
        let leaving = visits.count { $0.control.givesWay }
        // A slot that was asked for already is one that waits already.
        return max(0, free[network, default: 0] + lent - max(0, waiting - leaving))
    }

    /// Enters a visit; without a free slot it waits for the one of the visit that has stayed longest.
    mutating func begin(_ lease: RelayLease, mayStay: Bool) -> VisitControl {
        let staying = running.values.count { $0.control.mayStay }
        let control = VisitControl(mayStay: mayStay && staying < mostStaying)
        visits += 1
        let isFree = free[lease.network, default: 0] > 0
        running[lease.relay] = Visit(
            control: control, url: lease.url, network: lease.network, number: visits, hasSlot: isFree)
        if isFree {
            free[lease.network, default: 0] -= 1
            control.grantSlot()
        } else {
            longestStaying(lease.network)?.control.giveWay()
        }
        return control
    }

    /// A relay found its address taken: of those there that only stay, the longest leaves before it comes again.
    func makeRoom(_ isNeighbour: (RelayURL) -> Bool) {
        longestStaying { isNeighbour($0.url) }?.control.giveWay()
    }

    private func longestStaying(_ network: Network) -> Visit? { longestStaying { $0.network == network } }

    private func longestStaying(_ isMeant: (Visit) -> Bool) -> Visit? {
        running.values.filter { $0.control.isStaying && isMeant($0) }.min { $0.number < $1.number }
    }

    /// Has so many visits end at their next page, those first that only stay, then those that have gone on for longest.
    func letGo(_ count: Int) {
        guard count > 0 else { return }
        let visits = running.values.filter { $0.hasSlot && $0.control.mayContinue }
            .sorted { ($0.control.isStaying ? 0 : 1, $0.number) < ($1.control.isStaying ? 0 : 1, $1.number) }
        for visit in visits.prefix(count) { visit.control.yield() }
    }

    /// Has the visits of these relays end at their next page.
    func letGo(_ relays: Set<RelayID>) {
        for relay in relays { running[relay]?.control.yield() }
    }

    /// Takes a visit out and hands its slot on.
    mutating func end(_ report: VisitReport) {
        guard let visit = running.removeValue(forKey: report.relay), visit.hasSlot else { return }
        let next = running.filter { !$0.value.hasSlot && $0.value.network == visit.network }
            .min { $0.value.number < $1.value.number }
        guard let next else { return free[visit.network, default: 0] += 1 }
        running[next.key]?.hasSlot = true
        next.value.control.grantSlot()
    }
}
