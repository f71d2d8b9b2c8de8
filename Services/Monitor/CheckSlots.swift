import Nostr

/// Relays that are claimed together.
struct CheckQueue: Hashable, Sendable {
    /// What they have in common. The raw values are stored.
    enum Kind: Int16, Sendable, CaseIterable {
        /// Held for online.
        case online = 0
        /// Never checked.
        case new = 1
        /// Anything else: failed once, offline, dead.
        case other = 2
    }

    /// By which road they are reached.
    var network: Network
    /// See `Kind`.
    var kind: Kind
}

/// How many checks run, by queue and by host, and how many more are worth claiming: pure.
///
/// Checks of relays that are not up may all take as long as a check can. So a quarter of a network's slots is kept for
/// relays that are, and the two queues of the others leave each other half as long as both have something due. A check
/// that has lasted for longer than one of a relay in good health waits beside the slots, and another one begins.
struct CheckSlots: Sendable {
    /// How long a check holds a slot.
    static let patience = Duration.seconds(1)

    private struct Check {
        let queue: CheckQueue
        let began: Duration
        /// False once it waits beside the slots.
        var hasSlot = true
    }

    private let most: [Network: Int]
    private let mostWaiting: [Network: Int]
    private var checks: [RelayURL: Check] = [:]
    /// Of these, with a slot and without.
    private var used: [CheckQueue: Int] = [:]
    private var waiting: [Network: Int] = [:]
    private var dry: Set<CheckQueue> = []

    /// Checks that run.
    var running: Int { checks.count }
    /// What runs against each host; outlives a cycle.
    var hosts: HostTurns
    /// False at the end of a cycle.
    var mayClaim = true

    /// - Parameters:
    ///   - most: slots by network; one that is absent is not checked.
    ///   - waiting: checks beside them, by network.
    init(_ most: [Network: Int], waiting: [Network: Int] = [:], hosts: HostTurns) {
        self.most = most
        mostWaiting = waiting
        self.hosts = hosts
    }

    /// In the order of claims.
    var queues: [CheckQueue] {
        [CheckQueue.Kind.online, .other, .new].flatMap { kind in
            Network.allCases.filter { most[$0] != nil }.map { CheckQueue(network: $0, kind: kind) }
        }
    }

    /// How many relays of a queue to claim now. Not for every slot that falls free: a claim costs the same for many.
    func claimable(_ queue: CheckQueue) -> Int {
        let room = room(queue)
        return mayClaim && !dry.contains(queue) && room * 8 >= most[queue.network, default: 0] ? max(room, 0) : 0
    }

    /// Checks that run in a network, with and without a slot.
    func running(_ network: Network) -> Int { taken(network) + waiting[network, default: 0] }

    private func taken(_ network: Network) -> Int {
        CheckQueue.Kind.allCases.map { used[CheckQueue(network: network, kind: $0), default: 0] }.reduce(0, +)
    }

    /// Fewer were due than could be claimed: nothing is, until some time has passed.
    mutating func ranDry(_ queue: CheckQueue) { dry.insert(queue) }

    /// Some time has passed.
    mutating func refill() { dry = [] }

    /// Takes a slot; false where there is none, the host has as many checks as it may, or the relay is being checked:
    /// its lease may run out before what was found is stored.
    mutating func begin(_ url: RelayURL, of queue: CheckQueue, at time: Duration = .zero) -> Bool {
        guard room(queue) > 0, checks[url] == nil, hosts.begin(url) else { return false }
        used[queue, default: 0] += 1
        checks[url] = Check(queue: queue, began: time)
        return true
    }

    /// Takes the slots of those that have lasted too long, as long as there is room beside them.
    mutating func setAside(at now: Duration) {
        for (url, check) in checks where check.hasSlot && now - check.began >= Self.patience {
            let network = check.queue.network
            guard waiting[network, default: 0] < mostWaiting[network, default: 0] else { continue }
            checks[url]?.hasSlot = false
            used[check.queue, default: 1] -= 1
            waiting[network, default: 0] += 1
        }
    }

    /// Gives the slot back, where the check still has one.
    mutating func end(_ url: RelayURL) {
        guard let check = checks.removeValue(forKey: url) else { return }
        hosts.end(url)
        if check.hasSlot {
            used[check.queue, default: 1] -= 1
        } else {
            waiting[check.queue.network, default: 1] -= 1
        }
    }

    private func room(_ queue: CheckQueue) -> Int {
        let most = most[queue.network, default: 0]
        let free = most - taken(queue.network)
        guard queue.kind != .online else { return free }
        let kept = most > 1 ? max(most / 4, 1) : 0
        let sibling = CheckQueue(network: queue.network, kind: queue.kind == .new ? .other : .new)
        let mine = used[queue, default: 0]
        let rest = most - kept - mine - used[sibling, default: 0]
        let share = dry.contains(sibling) ? most : (most + 1) / 2
        return min(free, rest, share - mine)
    }
}
