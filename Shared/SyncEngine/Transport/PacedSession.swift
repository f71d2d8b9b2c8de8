internal import Database
internal import Nostr
internal import ServiceKit
internal import Synchronization

/// A connection that asks no faster than its relay and the relay's address bear.
///
/// One request is one REQ, COUNT or NEG-OPEN; the messages of a reconciliation under way are answers and do not wait.
final class PacedSession: RelaySession {
    private struct State {
        var rate: RequestRate
        /// NOTICEs of a rate limit that were taken into account.
        var notices = 0
    }

    private let session: any RelaySession
    private let clock: MonotonicClock
    private let addresses: AddressBook
    /// Where the connection goes; nil where that is nobody's: local relays, and behind a proxy.
    private let address: String?
    private let closing = ShutdownSignal()
    private let state: Mutex<State>

    init(
        _ session: any RelaySession, rate: RequestRate, address: String?, addresses: AddressBook,
        clock: MonotonicClock
    ) {
        self.session = session
        self.clock = clock
        self.addresses = addresses
        self.address = address
        state = Mutex(State(rate: rate))
    }

    /// What the relay bears, in requests a second; nil while nothing was learned.
    var rate: Double? { learned.perSecond }

    /// All that is known of that.
    var learned: RequestRate { state.withLock { $0.rate } }

    func page(_ filter: Filter, budget: PageBudget) async throws -> RawPage {
        await waitForTurn()
        let page = try await session.page(filter, budget: budget)
        let isWhole = if case .conclusive = page.ending { true } else { false }
        await learn(page.ending == .inconclusive(.rateLimited), isAnswered: isWhole)
        return page
    }

    func reconcile(
        _ filter: Filter, opening: [UInt8], budget: ReconciliationBudget,
        reply: @escaping @Sendable (_ message: [UInt8]) async throws -> [UInt8]?
    ) async throws -> ReconciliationEnding {
        await waitForTurn()
        let ending = try await session.reconcile(filter, opening: opening, budget: budget, reply: reply)
        await learn(ending == .inconclusive(.rateLimited))
        return ending
    }

    func count(_ filter: Filter, timeout: Duration) async throws -> CountAnswer {
        await waitForTurn()
        let answer = try await session.count(filter, timeout: timeout)
        await learn(answer == .inconclusive(.rateLimited))
        return answer
    }

    func follow(_ filter: Filter, budget: FeedBudget) async throws -> any RelayFeed {
        await waitForTurn()
        return try await session.follow(filter, budget: budget)
    }

    func facts() async -> SessionFacts { await session.facts() }

    func close() async {
        closing.request()
        await session.close()
    }

    /// Waits until both have a token, or until the connection is closed: then the request fails by itself.
    private func waitForTurn() async {
        let now = clock.now()
        let wait = max(
            state.withLock { $0.rate.take(at: now) },
            address.map { address in addresses.update { $0.take(address, at: now) } } ?? .zero)
        guard wait > .zero else { return }
        await closing.pause(for: wait, clock: clock)
    }

    /// A refusal halves both rates, and so does a NOTICE that speaks of a limit; answers raise them.
    private func learn(_ isRefused: Bool, isAnswered: Bool = false) async {
        let notices = await session.facts().rateNotices
        let now = clock.now()
        let isTooFast = state.withLock { state in
            defer { state.notices = notices }
            guard isRefused || notices > state.notices else {
                if isAnswered { state.rate.succeed(at: now) }
                return false
            }
            state.rate.halve(at: now)
            return true
        }
        guard let address else { return }
        if isTooFast {
            addresses.update { $0.halve(address, at: now) }
        } else if isAnswered {
            addresses.update { $0.succeed(address, at: now) }
        }
    }
}
