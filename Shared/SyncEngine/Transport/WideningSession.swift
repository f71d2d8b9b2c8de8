internal import Nostr

/// A connection whose questions take in the seconds that its relay's bounds leave out. Who asks knows nothing of it.
struct WideningSession: RelaySession {
    private let session: any RelaySession
    private let bounds: KnownBounds

    init(_ session: any RelaySession, _ bounds: KnownBounds) {
        self.session = session
        self.bounds = bounds
    }

    func page(_ filter: Filter, budget: PageBudget) async throws -> RawPage {
        try await session.page(bounds.widened(filter), budget: budget)
    }

    func reconcile(
        _ filter: Filter, opening: [UInt8], budget: ReconciliationBudget,
        reply: @escaping @Sendable (_ message: [UInt8]) async throws -> [UInt8]?
    ) async throws -> ReconciliationEnding {
        try await session.reconcile(bounds.widened(filter), opening: opening, budget: budget, reply: reply)
    }

    func count(_ filter: Filter, timeout: Duration) async throws -> CountAnswer {
        try await session.count(bounds.widened(filter), timeout: timeout)
    }

    func follow(_ filter: Filter, budget: FeedBudget) async throws -> any RelayFeed {
        try await session.follow(bounds.widened(filter), budget: budget)
    }

    func facts() async -> SessionFacts { await session.facts() }

    func close() async { await session.close() }
}
