import Crypto
import Database
import Nostr
import Support
import Synchronization
import Testing

@testable import SyncEngine

@Suite(.timeLimit(.minutes(1))) struct CommitQueueTests {
    private let store = HeldStore()

    private func queue(calls: Int = 1, rows: Int = 1_000) -> CommitQueue {
        var limits = CommitQueue.Limits()
        limits.calls = calls
        limits.rows = rows
        return CommitQueue(store: store, executor: nil, limits: limits)
    }

    /// A page of a relay whose fence is a mark, with sightings of some events.
    private func page(_ relay: Int32, mark: Int64 = 1, rows: Int = 1) -> PagesBatch {
        var page = RelayPage(relay: RelayID(relay), fence: mark)
        page.known = (0..<rows).map {
            KnownSighting(event: Int64($0), createdAt: UnixTime(seconds: 1), kind: 1, pubkey: .zero)
        }
        return PagesBatch(owner: HeldStore.owner, pages: [page])
    }

    /// The marks of the pages of each call, after the first call was held until `waiting` more pages had come.
    private func calls(_ batches: [PagesBatch], calls: Int = 1, rows: Int = 1_000) async throws -> [[Int64]] {
        let queue = queue(calls: calls, rows: rows)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, batch) in batches.enumerated() {
                group.addTask { _ = try await queue.commit(batch) }
                try await eventually("page \(place) is in") { queue.count == place + 1 }
            }
            store.letGo()
            try await group.waitForAll()
        }
        return store.calls.map { $0.pages.map(\.fence) }
    }

    @Test func `pages that come while a call is under way go together`() async throws {
        let seen = try await calls([page(1, mark: 1), page(2, mark: 2), page(3, mark: 3)])
        #expect(seen == [[1], [2, 3]])
    }

    @Test func `a call holds no more rows than it may, and one page that has more goes alone`() async throws {
        let seen = try await calls(
            [page(1, mark: 1), page(2, mark: 2, rows: 6), page(3, mark: 3, rows: 6), page(4, mark: 4, rows: 20)],
            rows: 10)
        #expect(seen == [[1], [2], [3], [4]])
    }

    @Test func `pages of one relay wait for each other, those of others do not`() async throws {
        let seen = try await calls(
            [page(1, mark: 1), page(1, mark: 2), page(2, mark: 3), page(1, mark: 4)], calls: 2)
        #expect(seen[..<2] == [[1], [3]])
        #expect(seen[2...].flatMap { $0 } == [2, 4])
    }

    @Test func `everybody gets the answers to its own pages`() async throws {
        let queue = queue()
        store.letGo()
        let answers = try await withThrowingTaskGroup(of: (Int32, [CommitAnswer]).self) { group in
            for relay in 1...40 as ClosedRange<Int32> {
                let batch = page(relay, rows: Int(relay))
                group.addTask { (relay, try await queue.commit(batch)) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for (relay, answer) in answers {
            #expect(answer.map(\.relay) == [RelayID(relay)] && answer.first?.eventsKnown == Int(relay))
        }
        #expect(answers.count == 40)
    }

    @Test func `an event that two pages bring is sent once`() throws {
        let factory = EventFactory(seed: 3)
        let event = try factory.sign(kind: 1, tags: [], content: "").json.withUnsafeBufferPointer { json in
            var parser = EventParser()
            return try parser.parse(json).materialised(from: json)
        }
        var first = page(1)
        first.events = [event]
        first.pages[0].newEvents = [0]
        var second = page(2)
        second.events = [event]
        second.pages[0].newEvents = [0]
        let joined = PagesBatch(joining: [first, second])
        #expect(joined.events.map(\.id) == [event.id])
        #expect(joined.pages.map(\.newEvents) == [[0], [0]])
    }

    @Test func `a failure is everybody's whose pages were in the call`() async throws {
        let queue = queue()
        store.failure = DatabaseError(.connectionLost, step: "commit_pages")
        store.letGo()
        await #expect(throws: DatabaseError.self) { _ = try await queue.commit(page(1)) }
        store.failure = nil
        #expect(try await queue.commit(page(1)).count == 1)
    }

    @Test func `a call that nobody waits for any more is cancelled, and waited for`() async throws {
        let queue = queue()
        let visit = Task { try await queue.commit(page(1)) }
        try await eventually("it is under way") { !store.calls.isEmpty }
        visit.cancel()
        await #expect(throws: CancellationError.self) { try await visit.value }
        #expect(store.cancelled == 1)
    }

    @Test func `who is cancelled while it waits is not sent`() async throws {
        let queue = queue()
        let first = Task { try await queue.commit(page(1, mark: 1)) }
        try await eventually("the first is under way") { !store.calls.isEmpty }
        let second = Task { try await queue.commit(page(2, mark: 2)) }
        try await eventually("the second waits") { queue.count == 2 }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        store.letGo()
        _ = try await first.value
        #expect(store.calls.map { $0.pages.map(\.fence) } == [[1]])
    }
}

/// An archive whose calls wait until they are let go.
private final class HeldStore: PartialStore {
    static let owner = ReplicaID.random()

    private struct State {
        var calls: [PagesBatch] = []
        var isHeld = true
        var held: [CheckedContinuation<Void, Never>] = []
        var failure: DatabaseError?
        var cancelled = 0
    }

    private let state = Mutex(State())

    var calls: [PagesBatch] { state.withLock { $0.calls } }

    var cancelled: Int { state.withLock { $0.cancelled } }

    var failure: DatabaseError? {
        get { state.withLock { $0.failure } }
        set { state.withLock { $0.failure = newValue } }
    }

    func letGo() {
        let held = state.withLock { state in
            state.isHeld = false
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    func commitPages(_ batch: PagesBatch) async throws -> [CommitAnswer] {
        state.withLock { $0.calls.append(batch) }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    if state.isHeld { state.held.append(continuation) }
                    return !state.isHeld
                }
                if isFree { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.cancelled += 1 }
            letGo()
        }
        try Task.checkCancellation()
        if let failure { throw failure }
        return batch.pages.map { CommitAnswer(relay: $0.relay, accepted: true, eventsKnown: $0.known.count) }
    }
}
