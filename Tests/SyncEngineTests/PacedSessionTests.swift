import Database
import Nostr
import RelayClient
import ServiceKit
import Settings
import Support
import Synchronization
import Testing

@testable import SyncEngine

@Suite struct PacedSessionTests {
    /// A connection that answers at once, as it is told.
    private final class ScriptedSession: RelaySession {
        let ending = Mutex(PageEnding.conclusive(hint: nil))
        let notices = Mutex(0)
        let pages = Mutex(0)

        func page(_ filter: Filter, budget: PageBudget) async throws -> RawPage {
            pages.withLock { $0 += 1 }
            return RawPage(chunks: [], ending: ending.withLock { $0 })
        }

        func reconcile(
            _ filter: Filter, opening: [UInt8], budget: ReconciliationBudget,
            reply: @escaping @Sendable (_ message: [UInt8]) async throws -> [UInt8]?
        ) async throws -> ReconciliationEnding { .inconclusive(.rateLimited) }

        func count(_ filter: Filter, timeout: Duration) async throws -> CountAnswer { .unsupported }

        func follow(_ filter: Filter, budget: FeedBudget) async throws -> any RelayFeed { NoFeed() }

        func facts() async -> SessionFacts {
            var facts = SessionFacts()
            facts.rateNotices = notices.withLock { $0 }
            return facts
        }

        func close() async {}
    }

    private struct NoFeed: RelayFeed {
        func next() async throws -> FeedItem { .end(.closed) }
        func close() async {}
    }

    private let clock = ManualClock()
    private let inner = ScriptedSession()
    private let addresses = AddressBook()
    private let budget = PageBudget(
        events: 1, bytes: 1, progressTimeout: .seconds(1), totalTimeout: .seconds(1))

    private func session(remembered: Double? = nil, address: String? = nil) -> PacedSession {
        PacedSession(
            inner, rate: RequestRate(RateSettings(), remembered: remembered), address: address,
            addresses: addresses, clock: MonotonicClock(clock))
    }

    @Test func `nothing is learned from answers`() async throws {
        let session = session()
        for _ in 0..<100 { _ = try await session.page(Filter(), budget: budget) }
        #expect(session.rate == nil && inner.pages.withLock { $0 } == 100)
    }

    @Test func `a refusal is learned from, of a page, a comparison and by a NOTICE`() async throws {
        let (byPage, bySets, byNotice) = (session(), session(), session())
        inner.ending.withLock { $0 = .inconclusive(.rateLimited) }
        _ = try await byPage.page(Filter(), budget: budget)
        _ = try await bySets.reconcile(
            Filter(), opening: [],
            budget: ReconciliationBudget(firstAnswerTimeout: .seconds(1), progressTimeout: .seconds(1))
        ) { _ in nil }
        inner.ending.withLock { $0 = .conclusive(hint: nil) }
        inner.notices.withLock { $0 = 1 }
        _ = try await byNotice.page(Filter(), budget: budget)
        for session in [byPage, bySets, byNotice] { #expect(session.rate == 0.5) }
    }

    @Test func `a request waits for its turn`() async throws {
        let session = session(remembered: 0.5)
        _ = try await session.page(Filter(), budget: budget)
        async let second = session.page(Filter(), budget: budget)
        await clock.waitForSleepers(1)
        #expect(inner.pages.withLock { $0 } == 1)
        clock.advance(by: .seconds(2))
        _ = try await second
        #expect(inner.pages.withLock { $0 } == 2)
    }

    @Test func `the address holds back the relays behind it`() async throws {
        let url = try RelayURL.parse("wss://a.example")
        #expect(addresses.update { $0.open("192.0.2.1", for: url) })
        let (one, other) = (session(address: "192.0.2.1"), session(address: "192.0.2.1"))
        inner.ending.withLock { $0 = .inconclusive(.rateLimited) }
        _ = try await one.page(Filter(), budget: budget)
        async let second = other.page(Filter(), budget: budget)
        await clock.waitForSleepers(1)
        #expect(inner.pages.withLock { $0 } == 1)
        clock.advance(by: .seconds(10))
        _ = try await second
    }

    @Test func `who waits does not keep a visit from its end`() async throws {
        let session = session(remembered: 0.1)
        _ = try await session.page(Filter(), budget: budget)
        async let second = session.page(Filter(), budget: budget)
        await clock.waitForSleepers(1)
        await session.close()
        _ = try await second
        #expect(clock.now.offset == .zero)
    }
}
