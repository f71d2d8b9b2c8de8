import Nostr

/// How many checks run, by network and by host, and whether more are worth claiming: pure.
struct CheckSlots: Sendable {
    private let most: [Network: Int]
    private let perHost: Int
    private var free: [Network: Int]
    private var hosts: [String: Int] = [:]
    private var dry: Set<Network> = []

    /// Checks that run.
    private(set) var running = 0
    /// False at the end of a cycle.
    var mayClaim = true

    /// - Parameter most: at one time, by network; one that is absent is not checked.
    init(_ most: [Network: Int], perHost: Int) {
        self.most = most
        self.perHost = perHost
        free = most
    }

    /// Networks to claim in, and how many at most. Not for every slot that falls free: a claim costs the same for many.
    var claims: [(network: Network, limit: Int)] {
        guard mayClaim else { return [] }
        return Network.allCases.compactMap { network in
            guard let free = free[network], let most = most[network], !dry.contains(network) else { return nil }
            return free > 0 && free * 4 >= most ? (network, free) : nil
        }
    }

    /// Checks that run in a network.
    func running(_ network: Network) -> Int { (most[network] ?? 0) - (free[network] ?? 0) }

    /// Fewer were due than could be claimed: nothing is, until some time has passed.
    mutating func ranDry(_ network: Network) { dry.insert(network) }

    /// Some time has passed.
    mutating func refill() { dry = [] }

    /// Takes a slot; false where the host has as many checks as it may.
    mutating func begin(_ url: RelayURL) -> Bool {
        guard hosts[url.host, default: 0] < perHost, free[url.network, default: 0] > 0 else { return false }
        hosts[url.host, default: 0] += 1
        free[url.network, default: 0] -= 1
        running += 1
        return true
    }

    /// Gives it back.
    mutating func end(_ url: RelayURL) {
        let left = hosts[url.host, default: 1] - 1
        hosts[url.host] = left > 0 ? left : nil
        free[url.network, default: 0] += 1
        running -= 1
    }
}
