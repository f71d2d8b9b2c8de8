import Database
import Nostr
import RelayClient
import Support
import SyncEngine
import Synchronization

/// All simulated relays, and what was asked of them.
final class SimulatedNetwork: Sendable {
    /// What the relays saw.
    struct Log {
        var requests = 0
        /// Requests by relay.
        var asked: [RelayURL: Int] = [:]
        /// Bytes of the events in their answers.
        var served: [RelayURL: Int] = [:]
        /// Open connections by relay.
        var open: [RelayURL: [ObjectIdentifier: SimulatedProcess]] = [:]
        /// Of each relay, what it ever showed: true where a copy of it was valid.
        var shown: [RelayURL: [EventID: Bool]] = [:]
        /// Of each relay, what is linked to it.
        var stored: [RelayURL: Set<EventID>] = [:]
        /// Pages of the visit of a process that are not stored yet, by relay: their valid events, each once.
        var unstored: [RelayURL: [ReplicaID: [[SimulatedEvent]]]] = [:]
        /// Connections of a process to an address on which something was asked.
        var addresses: [ReplicaID: [String: Set<ObjectIdentifier>]] = [:]
        var mostAtOneAddress = 0
        /// When a process last connected, by relay.
        var connectedAt: [RelayURL: [ReplicaID: Duration]] = [:]
        var failures: [String] = []
        /// Events that came to a relay while it was followed, and were looked for in the archive.
        var looked = 0
        /// Events that came backdated in the course of the run: they are found when their time is looked at again.
        var backdated: Set<EventID> = []
    }

    private struct State {
        var relays: [RelayURL: SimulatedRelay] = [:]
        var log = Log()
        var feeds: [RelayURL: [ObjectIdentifier: SimulatedFeed]] = [:]
        var random: SplitMix64
    }

    let world: SimulatedWorld
    let limits: VisitLimits
    private let state: Mutex<State>

    init(world: SimulatedWorld, relays: [RelayURL: SimulatedRelay], seed: UInt64, limits: VisitLimits = .init()) {
        self.world = world
        self.limits = limits
        state = Mutex(State(relays: relays, random: SplitMix64(seed: seed)))
    }

    var log: Log { state.withLock { $0.log } }

    func relay(_ url: RelayURL) -> SimulatedRelay? { state.withLock { $0.relays[url] } }

    func change(_ url: RelayURL, _ body: (inout SimulatedRelay) -> Void) {
        state.withLock { state in
            // Taken out meanwhile, so that nothing is copied.
            guard var relay = state.relays.removeValue(forKey: url) else { return }
            body(&relay)
            state.relays[url] = relay
        }
    }

    /// Events that a relay takes in now: stored, and sent to whoever follows it.
    func publish(_ events: [SimulatedEvent], to url: RelayURL) {
        change(url) { $0.add(events, at: world.now) }
        let (feeds, vices) = state.withLock { ($0.feeds[url] ?? [:], $0.relays[url]?.vices ?? Vices()) }
        // One that leaves out events does so here too.
        guard vices.isHonest else { return }
        state.withLock { $0.log.show(events, by: url) }
        for feed in feeds.values.sorted(by: { "\($0.process.id)" < "\($1.process.id)" }) { feed.send(events) }
    }

    /// Those that would bring what comes to a relay now.
    func liveFeeds(_ url: RelayURL) -> [SimulatedFeed] {
        state.withLock { state in (state.feeds[url] ?? [:]).values.filter { $0.isLive && !$0.process.isDead } }
    }

    func note(_ change: (inout Log) -> Void) { state.withLock { change(&$0.log) } }

    /// A time between two machines.
    func latency() -> Duration {
        state.withLock { .milliseconds(Int64.random(in: 1...80, using: &$0.random)) }
    }

    /// True in a share of cases.
    func chance(_ share: Double) -> Bool {
        share > 0 && state.withLock { Double.random(in: 0..<1, using: &$0.random) < share }
    }

    /// Opens a subscription.
    func follow(
        _ filter: Filter, _ session: ObjectIdentifier, _ url: RelayURL, _ process: SimulatedProcess
    ) -> SimulatedFeed {
        var stored: [SimulatedEvent] = []
        var refusal: InconclusiveReason?
        note { $0.requests += 1 }
        change(url) { relay in
            switch relay.answer(filter, at: world.now) {
            case .page(let events, _): stored = events
            case .partial(_, let reason), .broken(_, let reason, _): refusal = reason
            }
        }
        let feed = SimulatedFeed(
            network: self, process: process, stored: stored, isTooLarge: refusal == .overBudget)
        if let refusal { feed.end(refusal) }
        state.withLock { state in
            state.log.show(stored, by: url)
            state.feeds[url, default: [:]][session] = feed
        }
        return feed
    }

    /// One page; nil where there is no such relay.
    func ask(
        _ url: RelayURL, _ filter: Filter, _ budget: PageBudget, _ process: SimulatedProcess
    ) -> SimulatedRelay.Answer? {
        var answer: SimulatedRelay.Answer?
        change(url) { answer = $0.answer(filter, at: world.now) }
        guard let answer else { return nil }
        state.withLock { state in
            state.log.requests += 1
            state.log.asked[url, default: 0] += 1
            state.log.served[url, default: 0] += answer.events.reduce(0) { $0 + $1.json.count }
            // What was not asked for is not taken, and nothing rests on it; nor does anything on what is too much.
            let asked = answer.events.within(budget).filter { filter.asks(for: $0) }
            state.log.show(asked, by: url)
            state.log.wait(for: asked, of: url, process.id)
        }
        world.note("\(url) \(filter.words): \(answer.words)")
        return answer
    }

    func count(_ url: RelayURL, _ filter: Filter) -> CountAnswer {
        note { $0.requests += 1 }
        let answer = relay(url)?.count(filter, at: world.now) ?? .inconclusive(.disconnected)
        world.note("\(url) COUNT \(filter.words): \(answer)")
        return answer
    }

    func set(_ url: RelayURL, _ filter: Filter) -> Result<SimulatedSets, SimulatedRelay.SetRefusal> {
        note { $0.requests += 1 }
        var answer: Result<SimulatedSets, SimulatedRelay.SetRefusal> = .failure(.disconnected)
        change(url) { relay in
            answer = relay.set(filter, at: world.now).map { set in
                SimulatedSets(server: NegentropyServer(set), fixed: relay.fixedMessage())
            }
        }
        world.note("\(url) NEG-OPEN \(filter.words)")
        return answer
    }

    /// A connection stands. C6: at most one to a relay but for the time of a lease after a kill or a pause.
    func opened(_ session: ObjectIdentifier, _ url: RelayURL, _ process: SimulatedProcess) {
        let now = world.now
        state.withLock { state in
            state.log.unstored[url, default: [:]][process.id] = []
            state.log.connectedAt[url, default: [:]][process.id] = now
            // One that was killed or frozen has not seen yet that its lease is over.
            let isLate = process.frozenUntil > .zero && now - process.frozenUntil <= Scenario.leaseTTL
            let others = (state.log.open[url] ?? [:]).values.filter {
                !$0.isDead && $0 !== process && now - $0.frozenUntil > Scenario.leaseTTL
            }
            if !others.isEmpty && !isLate { state.log.failures.append("C6: two connections to \(url) at \(now)") }
            state.log.open[url, default: [:]][session] = process
        }
    }

    func closed(_ session: ObjectIdentifier, _ url: RelayURL, _ process: SimulatedProcess) {
        let feed = state.withLock { state in
            _ = state.log.open[url]?.removeValue(forKey: session)
            if let address = state.relays[url]?.address {
                state.log.addresses[process.id]?[address]?.remove(session)
            }
            return state.feeds[url]?.removeValue(forKey: session)
        }
        feed?.end(.disconnected)
    }

    /// Something is about to be asked. I6: so many requests at a time, and so many connections to an address.
    func asks(_ session: ObjectIdentifier, _ count: Int, _ url: RelayURL, _ process: SimulatedProcess) {
        state.withLock { state in
            var sessions = 0
            if let address = state.relays[url]?.address {
                state.log.addresses[process.id, default: [:]][address, default: []].insert(session)
                sessions = state.log.addresses[process.id]?[address]?.count ?? 0
                state.log.mostAtOneAddress = max(state.log.mostAtOneAddress, sessions)
            }
            let unstored = state.log.unstored[url]?[process.id]?.count ?? 0
            state.log.failures += limits.failures(requests: count, sessions: sessions, unstored: unstored, url)
        }
    }

    /// Notes what was stored of a relay.
    /// - Returns: what the visit of a process was shown and is not stored yet.
    func settle(_ url: RelayURL, _ process: ReplicaID, _ ids: some Sequence<EventID>) -> [SimulatedEvent] {
        state.withLock { state in
            state.log.stored[url, default: []].formUnion(ids)
            let stored = state.log.stored[url] ?? []
            guard let pages = state.log.unstored[url]?[process] else { return [] }
            let left = pages.map { $0.filter { !stored.contains($0.id) } }.filter { !$0.isEmpty }
            state.log.unstored[url]?[process] = left
            return left.flatMap { $0 }
        }
    }
}

extension SimulatedNetwork.Log {
    /// A page that was received.
    fileprivate mutating func wait(for page: [SimulatedEvent], of url: RelayURL, _ process: ReplicaID) {
        let pages = unstored[url]?[process] ?? []
        let stored = stored[url] ?? []
        let waiting = Set(pages.joined().map(\.id))
        let fresh = page.filter { $0.isValid && !stored.contains($0.id) && !waiting.contains($0.id) }
        if !fresh.isEmpty { unstored[url, default: [:]][process, default: []].append(fresh) }
    }

    fileprivate mutating func show(_ events: some Sequence<SimulatedEvent>, by url: RelayURL) {
        for event in events where shown[url]?[event.id] != true {
            shown[url, default: [:]][event.id] = event.isValid
        }
    }
}

extension Filter {
    fileprivate var words: String {
        let narrow = (kinds == nil ? "" : " kinds") + (authors == nil ? "" : " authors") + (ids == nil ? "" : " ids")
        let (lo, hi) = (since.map { "\($0.seconds)" } ?? "", until.map { "\($0.seconds)" } ?? "")
        return "REQ [\(lo)...\(hi)] limit \(limit ?? 0)\(narrow)"
    }
}

extension SimulatedRelay.Answer {
    fileprivate var words: String {
        let ending =
            switch self {
            case .page(_, let hint): hint.map { "\($0)" } ?? "EOSE"
            case .partial(_, let reason): reason.rawValue
            case .broken(_, let reason, let failure): "\(reason.rawValue) \(failure ?? "")"
            }
        let seconds = events.map(\.createdAt)
        return "\(events.count) [\(seconds.min() ?? 0)...\(seconds.max() ?? 0)] \(ending)"
    }
}
