import Database
import Logging
import Nostr
import RelayClient
import ServiceKit
import Settings
import Support
import Synchronization
import Testing

@testable import SyncEngine

/// Pages that find no room in memory.
@Suite struct RelayVisitPagesTests {
    private struct NoStore: PartialStore {}

    /// A relay whose answer has so many bytes, and takes a second.
    private final class Session: RelaySession {
        private let bytes: Int
        private let clock: ManualClock
        private let state = Mutex(0)

        init(bytes: Int, clock: ManualClock) {
            self.bytes = bytes
            self.clock = clock
        }

        /// How often it was asked.
        var asked: Int { state.withLock { $0 } }

        func page(_ filter: Filter, budget: PageBudget) async throws -> RawPage {
            state.withLock { $0 += 1 }
            clock.advance(by: .seconds(1))
            let fits = budget.loan?.take(bytes) ?? true
            return RawPage(chunks: [], ending: fits ? .conclusive(hint: nil) : .inconclusive(.overBudget))
        }

        func reconcile(
            _ filter: Filter, opening: [UInt8], budget: ReconciliationBudget,
            reply: @escaping @Sendable (_ message: [UInt8]) async throws -> [UInt8]?
        ) async throws -> ReconciliationEnding { throw UnusedCall() }
        func count(_ filter: Filter, timeout: Duration) async throws -> CountAnswer { throw UnusedCall() }
        func follow(_ filter: Filter, budget: FeedBudget) async throws -> any RelayFeed { throw UnusedCall() }
        func facts() async -> SessionFacts { SessionFacts() }
        func close() async {}
    }

    private let clock = ManualClock()
    private let memory = PageMemory(bytes: 4 << 20)

    private func visit() throws -> RelayVisit {
        let store = NoStore()
        let context = SyncContext(
            store: store, transport: try LiveFixture.transport(), clock: MonotonicClock(clock), randomness: { 0 },
            shutdown: ShutdownSignal(), replica: .random(), logger: Logger(label: "test"), isAuthentic: { _ in true })
        let settings = SynchronizingSettings()
        return RelayVisit(
            context, queue: CommitQueue(store: store, executor: nil, limits: .init(settings.sync)),
            lease: RelayLease(
                relay: RelayID(1), url: try RelayURL.parse("wss://a.example"), network: .clearnet, owner: .random(),
                fence: 1, databaseNow: UnixTime(seconds: 1_700_000_000)),
            settings: settings, control: VisitControl(), memory: memory)
    }

    private let request = PageRequest(since: nil, until: nil, limit: 10)

    @Test func `a page is asked for again while there is time, and what was dropped is counted`() async throws {
        let (visit, session) = (try visit(), Session(bytes: 3 << 20, clock: clock))
        // So much is held by others at first.
        var others: PageLoan? = try await memory.begin(with: 2 << 20)
        let asked = try await visit.page(request, session) {
            others = nil
            return true
        }
        #expect(asked.page?.ending == .conclusive(hint: nil))
        #expect(session.asked == 2 && asked.dropped == 3 << 20)
        #expect(others == nil)
    }

    @Test func `a page is not asked for again when the visit's time is over, and counts as none`() async throws {
        let (visit, session) = (try visit(), Session(bytes: 6 << 20, clock: clock))
        let hasTime = visit.mayContinue(until: visit.context.clock.now() + .seconds(1))
        let asked = try await visit.page(request, session, while: hasTime)
        #expect(asked.page == nil && session.asked == 1 && asked.dropped == 6 << 20)
        #expect(memory.free == 4 << 20)
    }

    @Test func `where even the largest page finds no room it is the page that is too large`() async throws {
        let (visit, session) = (try visit(), Session(bytes: 20 << 20, clock: clock))
        let asked = try await visit.page(request, session) { true }
        #expect(asked.page?.ending == .inconclusive(.overBudget))
        #expect(session.asked == 2 && asked.dropped == 40 << 20)
    }
}
