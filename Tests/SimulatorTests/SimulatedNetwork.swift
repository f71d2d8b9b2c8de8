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
        var pagesInFlight = 0
        var mostInFlight = 0
        /// Open connections by relay.
        var open: [RelayURL: [ObjectIdentifier: SimulatedProcess]] = [:]
        /// Events shown to the visit of a process, by relay: what a commit may rest on.
        var shown: [RelayURL: [ReplicaID: [[SimulatedEvent]]]] = [:]
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
    private let state: Mutex<State>

    init(world: SimulatedWorld, relays: [RelayURL: SimulatedRelay], seed: UInt64) {
        self.world = world
        state = Mutex(State(relays: relays, random: SplitMix64(seed: seed)))
    }

    var log: Log { state.withLock { $0.log } }

    func relay(_ url: RelayURL) -> SimulatedRelay? { state.withLock { $0.relays[url] } }

    func change(_ url: RelayURL, _ body: (inout SimulatedRelay) -> Void) {
        state.withLock { state in
            guard var relay = state.relays[url] else { return }
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
        for feed in feeds.values.sorted(by: { "\($0.process.id)" < "\($1.process.id)" }) { feed.send(events) }
    }

    /// Those that would bring what comes to a relay now.
    func liveFeeds(_ url: RelayURL) -> [SimulatedFeed] {
        state.withLock { state in (state.feeds[url] ?? [:]).values.filter { $0.isLive && !$0.process.isDead } }
    }

    func note(_ change: (inout Log) -> Void) { state.withLock { change(&$0.log) } }

    fileprivate func follow(
        _ filter: Filter, _ session: SimulatedSession, _ url: RelayURL, _ process: SimulatedProcess
    ) -> SimulatedFeed {
        state.withLock { state in
            state.log.requests += 1
            var stored: [SimulatedEvent] = []
            var refusal: InconclusiveReason?
            switch state.relays[url]?.answer(filter, at: world.now) {
            case .page(let events, _): stored = events
            case .partial(_, let reason): refusal = reason
            case nil: refusal = .disconnected
            }
            let feed = SimulatedFeed(network: self, process: process, stored: stored)
            if let refusal { feed.end(refusal) }
            state.feeds[url, default: [:]][ObjectIdentifier(session)] = feed
            return feed
        }
    }

    /// A time between two machines.
    func latency() -> Duration {
        state.withLock { .milliseconds(Int64.random(in: 1...80, using: &$0.random)) }
    }

    fileprivate func ask(_ url: RelayURL, _ filter: Filter, _ process: SimulatedProcess) -> SimulatedRelay.Answer? {
        state.withLock { state in
            state.log.requests += 1
            state.log.asked[url, default: 0] += 1
            guard var relay = state.relays[url] else { return nil }
            let answer = relay.answer(filter, at: world.now)
            state.relays[url] = relay
            let events =
                switch answer {
                case .page(let events, _), .partial(let events, _): events
                }
            // What was not asked for is not taken, and nothing rests on it.
            let (lo, hi) = (filter.since?.seconds ?? 0, filter.until?.seconds ?? .max)
            let kinds = filter.kinds.map(Set.init)
            let asked = events.filter {
                $0.createdAt >= lo && $0.createdAt <= hi && kinds?.contains($0.kind) ?? true
            }
            state.log.shown[url, default: [:]][process.id, default: []].append(asked)
            world.note("\(url) \(filter.words): \(answer.words)")
            return answer
        }
    }

    fileprivate func set(
        _ url: RelayURL, _ filter: Filter
    ) -> Result<NegentropySet, SimulatedRelay.SetRefusal> {
        state.withLock { state in
            state.log.requests += 1
            return state.relays[url]?.set(filter, at: world.now) ?? .failure(.disconnected)
        }
    }

    fileprivate func opened(_ session: SimulatedSession, _ url: RelayURL, _ process: SimulatedProcess) {
        let now = world.now
        state.withLock { state in
            state.log.shown[url, default: [:]][process.id] = []
            // One that was killed or frozen has not seen yet that its lease is over.
            let isLate = process.frozenUntil > .zero && now - process.frozenUntil <= Scenario.leaseTTL
            let others = (state.log.open[url] ?? [:]).values.filter {
                !$0.isDead && $0 !== process && now - $0.frozenUntil > Scenario.leaseTTL
            }
            if !others.isEmpty && !isLate { state.log.failures.append("C6: two connections to \(url) at \(now)") }
            state.log.open[url, default: [:]][ObjectIdentifier(session)] = process
        }
    }

    fileprivate func closed(_ session: SimulatedSession, _ url: RelayURL) {
        let feed = state.withLock { state in
            _ = state.log.open[url]?.removeValue(forKey: ObjectIdentifier(session))
            return state.feeds[url]?.removeValue(forKey: ObjectIdentifier(session))
        }
        feed?.end(.disconnected)
    }

    fileprivate func enter(_ change: Int, _ count: Int, _ url: RelayURL) {
        state.withLock { state in
            if count > 1 { state.log.failures.append("I6: \(count) requests at once to \(url)") }
            state.log.pagesInFlight += change
            state.log.mostInFlight = max(state.log.mostInFlight, state.log.pagesInFlight)
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
        let (events, ending) =
            switch self {
            case .page(let events, let hint): (events, hint.map { "\($0)" } ?? "EOSE")
            case .partial(let events, let reason): (events, reason.rawValue)
            }
        let seconds = events.map(\.createdAt)
        return "\(events.count) [\(seconds.min() ?? 0)...\(seconds.max() ?? 0)] \(ending)"
    }
}

/// The road of one process to the relays.
struct SimulatedTransport: RelayTransport {
    let network: SimulatedNetwork
    let process: SimulatedProcess

    struct Unreachable: Error {}

    func connect(to url: RelayURL) async throws -> any RelaySession {
        try await process.wait(network.latency())
        guard network.relay(url) != nil else { throw Unreachable() }
        return SimulatedSession(network: network, process: process, url: url)
    }

    func failureKind(_ error: any Error) -> String { "unreachable" }

    func retryAfter(_ error: any Error) -> Duration? { nil }
}

/// One simulated connection.
private final class SimulatedSession: RelaySession {
    private let network: SimulatedNetwork
    private let process: SimulatedProcess
    private let url: RelayURL
    private let state = Mutex((isClosed: false, asking: 0))

    init(network: SimulatedNetwork, process: SimulatedProcess, url: RelayURL) {
        self.network = network
        self.process = process
        self.url = url
        network.opened(self, url, process)
    }

    func page(_ filter: Filter, budget: PageBudget) async throws -> RawPage {
        network.enter(
            1,
            state.withLock {
                $0.asking += 1; return $0.asking
            }, url)
        defer {
            state.withLock { $0.asking -= 1 }
            network.enter(-1, 0, url)
        }
        try await process.wait(network.latency())
        guard !state.withLock({ $0.isClosed }) else { return Self.broken }
        let answer = network.ask(url, filter, process)
        try await process.wait(network.latency())
        switch answer {
        case nil: return Self.broken
        case .page(let events, let hint): return Self.page(events, .conclusive(hint: hint), budget)
        case .partial(let events, let reason):
            if reason == .timedOut { try await process.wait(budget.progressTimeout) }
            if reason == .disconnected { await close() }
            return Self.page(events, .inconclusive(reason), budget)
        }
    }

    func reconcile(
        _ filter: Filter, opening: [UInt8], budget: ReconciliationBudget,
        reply: @escaping @Sendable (_ message: [UInt8]) async throws -> [UInt8]?
    ) async throws -> ReconciliationEnding {
        try await process.wait(network.latency())
        guard !state.withLock({ $0.isClosed }) else { return .inconclusive(.disconnected) }
        switch network.set(url, filter) {
        case .failure(.unknown):
            try await process.wait(budget.firstAnswerTimeout)
            return .unsupported
        case .failure(.tooMany): return .refused(prefix: .blocked, message: "blocked: too many query results")
        case .failure(.disconnected):
            await close()
            return .inconclusive(.disconnected)
        case .success(let set): return try await exchange(NegentropyServer(set), opening, reply)
        }
    }

    private func exchange(
        _ server: NegentropyServer, _ opening: [UInt8],
        _ reply: @Sendable (_ message: [UInt8]) async throws -> [UInt8]?
    ) async throws -> ReconciliationEnding {
        var message = opening
        while true {
            try await process.wait(network.latency())
            guard !state.withLock({ $0.isClosed }) else { return .inconclusive(.disconnected) }
            do {
                guard let next = try await reply(try server.answer(message)) else { return .finished }
                message = next
            } catch let error as NegentropyError {
                return .malformed(error.kind)
            }
        }
    }

    func count(_ filter: Filter, timeout: Duration) async throws -> CountAnswer { .unsupported }

    func follow(_ filter: Filter, budget: FeedBudget) async throws -> any RelayFeed {
        try await process.wait(network.latency())
        let feed = network.follow(filter, self, url, process)
        if state.withLock({ $0.isClosed }) { feed.end(.disconnected) }
        return feed
    }

    func facts() async -> SessionFacts { SessionFacts() }

    func close() async {
        state.withLock { $0.isClosed = true }
        network.closed(self, url)
    }

    private static let broken = RawPage(chunks: [], ending: .inconclusive(.disconnected))

    private static func page(_ events: [SimulatedEvent], _ ending: PageEnding, _ budget: PageBudget) -> RawPage {
        let isOver = events.count > budget.events
        return RawPage(
            chunks: [EventChunk(Array(events.prefix(budget.events)))],
            ending: isOver ? .inconclusive(.overBudget) : ending)
    }
}
