import Nostr
import RelayClient
import SyncEngine
import Synchronization

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

/// How a relay compares sets within one session.
struct SimulatedSets {
    let server: NegentropyServer
    /// Sent whatever is asked.
    let fixed: [UInt8]?

    func answer(_ message: [UInt8]) throws -> [UInt8] {
        if let fixed { return fixed }
        return try server.answer(message)
    }
}

/// One simulated connection.
final class SimulatedSession: RelaySession {
    private struct State {
        var isClosed = false
        var asking = 0
        var warnings = 0
    }

    private let network: SimulatedNetwork
    private let process: SimulatedProcess
    private let url: RelayURL
    private let state = Mutex(State())

    init(network: SimulatedNetwork, process: SimulatedProcess, url: RelayURL) {
        self.network = network
        self.process = process
        self.url = url
        network.opened(ObjectIdentifier(self), url, process)
    }

    func page(_ filter: Filter, budget: PageBudget) async throws -> RawPage {
        try await asking {
            guard !isClosed else { return Self.broken }
            let answer = network.ask(url, filter, budget, process)
            try await process.wait(network.latency())
            return try await receive(answer, budget)
        }
    }

    private func receive(_ answer: SimulatedRelay.Answer?, _ budget: PageBudget) async throws -> RawPage {
        guard let answer else { return Self.broken }
        let taken = answer.events.within(budget)
        var page = RawPage(chunks: [EventChunk(taken)], ending: answer.ending)
        if case .broken(_, _, let failure) = answer {
            page.failure = failure
            await close()
        }
        if page.ending == .inconclusive(.timedOut) { try await process.wait(budget.progressTimeout) }
        if taken.count < answer.events.count { page.ending = .inconclusive(.overBudget) }
        if network.chance(vices.warnings) { state.withLock { $0.warnings += 1 } }
        return page
    }

    func reconcile(
        _ filter: Filter, opening: [UInt8], budget: ReconciliationBudget,
        reply: @escaping @Sendable (_ message: [UInt8]) async throws -> [UInt8]?
    ) async throws -> ReconciliationEnding {
        try await asking {
            guard !isClosed else { return .inconclusive(.disconnected) }
            switch network.set(url, filter) {
            case .failure(.unknown):
                try await process.wait(budget.firstAnswerTimeout)
                return .silent
            case .failure(.unsupported): return .unsupported
            case .failure(.tooMany): return .refused(prefix: .blocked, message: "blocked: too many query results")
            case .failure(.disconnected):
                await close()
                return .inconclusive(.disconnected)
            case .success(let sets): return try await exchange(sets, opening, budget, reply)
            }
        }
    }

    private func exchange(
        _ sets: SimulatedSets, _ opening: [UInt8], _ budget: ReconciliationBudget,
        _ reply: @Sendable (_ message: [UInt8]) async throws -> [UInt8]?
    ) async throws -> ReconciliationEnding {
        var message = opening
        for _ in 0..<budget.rounds {
            try await process.wait(network.latency())
            guard !isClosed else { return .inconclusive(.disconnected) }
            do {
                guard let next = try await reply(try sets.answer(message)) else { return .finished }
                message = next
            } catch let error as NegentropyError {
                switch error {
                case .tooManyRounds, .tooManyBytes: return .inconclusive(.overBudget)
                default: return .malformed(error.kind)
                }
            }
        }
        return .inconclusive(.overBudget)
    }

    func count(_ filter: Filter, timeout: Duration) async throws -> CountAnswer {
        try await asking {
            guard !isClosed else { return .inconclusive(.disconnected) }
            return network.count(url, filter)
        }
    }

    func follow(_ filter: Filter, budget: FeedBudget) async throws -> any RelayFeed {
        if !isClosed { network.asks(ObjectIdentifier(self), 1, url, process) }
        try await process.wait(network.latency())
        let feed = network.follow(filter, ObjectIdentifier(self), url, process)
        if feed.isTooLarge { await close() }
        if isClosed { feed.end(.disconnected) }
        return feed
    }

    func facts() async -> SessionFacts {
        var facts = SessionFacts()
        facts.remoteAddress = network.relay(url)?.address
        facts.rateNotices = state.withLock { $0.warnings }
        return facts
    }

    func close() async {
        state.withLock { $0.isClosed = true }
        network.closed(ObjectIdentifier(self), url, process)
    }

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    private var vices: Vices { network.relay(url)?.vices ?? Vices() }

    /// One request, on its way to the relay first.
    private func asking<Answer>(_ ask: () async throws -> Answer) async throws -> Answer {
        let count = state.withLock { state in
            state.asking += 1
            return state.asking
        }
        defer { state.withLock { $0.asking -= 1 } }
        if !isClosed { network.asks(ObjectIdentifier(self), count, url, process) }
        try await process.wait(network.latency())
        return try await ask()
    }

    private static let broken = RawPage(chunks: [], ending: .inconclusive(.disconnected))
}

extension SimulatedRelay.Answer {
    fileprivate var ending: PageEnding {
        switch self {
        case .page(_, let hint): .conclusive(hint: hint)
        case .partial(_, let reason), .broken(_, let reason, _): .inconclusive(reason)
        }
    }
}

extension [SimulatedEvent] {
    /// What of an answer is taken before it is cut off.
    func within(_ budget: PageBudget) -> [SimulatedEvent] {
        var left = budget.bytes
        return Array(
            prefix(budget.events).prefix { event in
                left -= event.json.count
                return left >= 0
            })
    }
}
