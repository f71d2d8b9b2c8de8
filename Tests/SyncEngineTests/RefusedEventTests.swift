import Crypto
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

/// Events that the database refuses: in no sum, and not sent again.
@Suite struct RefusedEventTests {
    /// An archive that does not take one event, and keeps the day sums it was given.
    private final class RefusingStore: PartialStore {
        let refused: EventID
        private let calls = Mutex<[PagesBatch]>([])

        init(refused: EventID) { self.refused = refused }

        /// What was asked of it.
        var batches: [PagesBatch] { calls.withLock { $0 } }

        func knownEvents(_ ids: [EventID], signatures: [Signature], relay: RelayID) async throws -> [KnownEvent?] {
            ids.map { _ in nil }
        }

        func relayDays(_ relay: RelayID, days: [Int32]) async throws -> [Int32: DaySum] { [:] }

        func commitPages(_ batch: PagesBatch) async throws -> [CommitAnswer] {
            calls.withLock { $0.append(batch) }
            let poisoned = batch.events.map(\.id).filter { $0 == refused }
            return batch.pages.map { CommitAnswer(relay: $0.relay, accepted: true, poisoned: poisoned) }
        }
    }

    private let events: [SampleEvent]

    init() {
        let factory = EventFactory(seed: 5)
        events = (0..<7).map { factory.sign(kind: 1, tags: [], content: "event \($0)") }
    }

    private func preparer(_ store: RefusingStore, rows: Int) throws -> (PagePreparer, PageWriter) {
        let context = SyncContext(
            store: store, transport: try LiveFixture.transport(), clock: MonotonicClock(ManualClock()),
            randomness: { 0 }, shutdown: ShutdownSignal(), replica: .random(), logger: Logger(label: "test"),
            isAuthentic: { _ in true })
        var settings = SyncSettings()
        settings.batchRows = rows
        let lease = RelayLease(
            relay: RelayID(1), url: try RelayURL.parse("wss://a.example"), network: .clearnet, owner: .random(),
            fence: 1, databaseNow: UnixTime(seconds: 1_800_000_000))
        let queue = CommitQueue(store: store, executor: nil, limits: .init(settings))
        return (
            PagePreparer(relay: lease.relay, context: context, settings: settings),
            PageWriter(lease: lease, queue: queue)
        )
    }

    private func page(_ events: some Sequence<SampleEvent>) -> FetchedPage {
        let chunks = events.map { EventChunk(bytes: $0.json, ranges: [$0.json.indices]) }
        return FetchedPage(
            RawPage(chunks: chunks, ending: .conclusive(hint: nil)),
            request: PageRequest(since: nil, until: nil, limit: 10))
    }

    private func sum(_ events: some Sequence<SampleEvent>) -> DaySum {
        events.reduce(into: DaySum()) { $0.add($1.id) }
    }

    private func write(_ page: PreparedPage, _ writer: PageWriter) async throws -> PageWriter.Result {
        try await writer.write(page, .init(), capSeen: 0, pageSize: 10)
    }

    @Test func `the parts of a page that follow do not count it`() async throws {
        let store = RefusingStore(refused: events[1].id)
        var (preparer, writer) = try preparer(store, rows: 2)
        let result = try await write(try await preparer.prepare(page(events)), writer)
        #expect(result.refused.map(\.id) == [events[1].id] && result.isAccepted)
        let sums = store.batches.compactMap { $0.pages.first?.days.first?.sum }
        // The call that refuses it leaves it out by itself.
        let others = [events[0]] + events[2...]
        #expect(sums.count == 4 && Array(sums.dropFirst()) == [3, 5, 6].map { sum(others.prefix($0)) })
    }

    @Test func `a page that was prepared meanwhile does not count it, and none that follows sends it again`()
        async throws
    {
        let store = RefusingStore(refused: events[1].id)
        var (preparer, writer) = try preparer(store, rows: 100)
        let first = try await preparer.prepare(page(events[..<3]))
        var second = try await preparer.prepare(page(events[1..<5]))
        let result = try await write(first, writer)
        preparer.leaveOut(result.refused)
        second.leaveOut(result.refused)
        let others = [events[0]] + events[2...]
        #expect(second.parts.flatMap(\.days).map(\.sum) == [sum(others.prefix(4))])
        #expect(!second.shown.contains { $0.id == events[1].id } && second.shown.count == 3)
        let third = try await preparer.prepare(page(events))
        #expect(third.refused == [events[1].id] && third.delivered.count == 7)
        #expect(!third.parts.flatMap(\.events).contains { $0.id == events[1].id })
    }
}
