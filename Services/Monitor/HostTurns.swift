import Nostr

/// How many checks run against one host, and when relays come again that find it taken: pure.
///
/// A host is an address; where nobody has connected yet, a name. So the paths and ports of a name count together, and
/// names that lead to one address as well, from the first check of each on. Relays of this machine and its own network
/// are not counted: who runs many of them there means to.
struct HostTurns: Sendable {
    /// Within it as many relays of a host come again as may be checked at one time, unless they are asked for less
    /// often.
    static let shortestPause = Duration.seconds(5)
    /// The longest wait for a turn.
    static let longestWait = Duration.seconds(3_600)
    /// Hosts and names that are remembered; above, those without a check are forgotten.
    static let mostRemembered = 50_000

    private struct Host {
        var running = 0
        var nextTurn = Duration.zero
    }

    private let most: Int
    private let pause: Duration
    private let uncounted: Set<Network>
    private var hosts: [String: Host] = [:]
    private var addresses: [String: String] = [:]
    private var begun: [RelayURL: String] = [:]

    /// - Parameters:
    ///   - most: checks at one time against one host.
    ///   - interval: from one look for relays that are due to the next.
    ///   - uncounted: networks without such a bound.
    init(most: Int, interval: Duration = .zero, uncounted: Set<Network> = [.local]) {
        self.most = max(most, 1)
        pause = max(interval, Self.shortestPause)
        self.uncounted = uncounted
    }

    /// Takes one of the host's checks; false where all are taken.
    mutating func begin(_ url: RelayURL) -> Bool {
        guard !uncounted.contains(url.network) else { return true }
        let name = name(of: url)
        guard hosts[name]?.running ?? 0 < most else { return false }
        forgetIfTooMany()
        hosts[name, default: Host()].running += 1
        begun[url] = name
        return true
    }

    /// Gives it back.
    mutating func end(_ url: RelayURL) {
        guard let name = begun.removeValue(forKey: url), let running = hosts[name]?.running else { return }
        hosts[name]?.running = max(running - 1, 0)
    }

    /// Nothing runs any more.
    mutating func endAll() {
        begun = [:]
        hosts = hosts.mapValues { Host(running: 0, nextTurn: $0.nextTurn) }
    }

    /// A check has connected to this address.
    mutating func note(_ address: String, of url: RelayURL) {
        guard !uncounted.contains(url.network) else { return }
        forgetIfTooMany()
        addresses[url.host] = address
    }

    /// In how long a relay comes again whose host has as many checks as it may. One after the other, so that each
    /// is put off once and not all of them again and again.
    mutating func turn(of url: RelayURL, at now: Duration) -> Duration {
        forgetIfTooMany()
        let name = name(of: url)
        let wait = min(max((hosts[name]?.nextTurn ?? .zero) - now, pause), Self.longestWait)
        hosts[name, default: Host()].nextTurn = now + wait + pause / most
        return wait
    }

    private func name(of url: RelayURL) -> String { addresses[url.host] ?? url.host }

    private mutating func forgetIfTooMany() {
        if hosts.count >= Self.mostRemembered { hosts = hosts.filter { $0.value.running > 0 } }
        if addresses.count >= Self.mostRemembered { addresses = [:] }
    }
}
