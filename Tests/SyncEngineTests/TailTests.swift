import Database
import Nostr
import RelayClient
import ServiceKit
import Settings
import Synchronization
import Testing

@testable import SyncEngine

/// The buffer between an open subscription and the visit that stores.
@Suite(.timeLimit(.minutes(5))) struct TailTests {
    /// A feed that a test fills.
    private final class HandFeed: RelayFeed {
        private let items = Mutex<[FeedItem]>([])
        private let bell = Bell()
        private let counts = Mutex((read: 0, closed: 0))

        var read: Int { counts.withLock { $0.read } }
        var closed: Int { counts.withLock { $0.closed } }

        func send(_ item: FeedItem) {
            items.withLock { $0.append(item) }
            bell.ring()
        }

        func next() async throws -> FeedItem {
            while true {
                if let item = items.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
                    counts.withLock { $0.read += 1 }
                    return item
                }
                await bell.wait()
                try Task.checkCancellation()
            }
        }

        func close() async { counts.withLock { $0.closed += 1 } }
    }

    private func chunk(_ events: Int = 1) -> FeedItem {
        .events(EventChunk(bytes: Array(repeating: 0x20, count: events), ranges: (0..<events).map { $0..<($0 + 1) }))
    }

    private func withTail(
        events: Int = 10, _ body: (Tail, HandFeed) async throws -> Void
    ) async throws {
        let feed = HandFeed()
        var settings = TailSettings()
        (settings.groupEvents, settings.flushInterval) = (events, 0.01)
        let tail = Tail(feed, settings: settings, clock: MonotonicClock(ContinuousClock()))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await tail.read() }
            try await body(tail, feed)
            group.cancelAll()
        }
    }

    @Test func `what comes is handed over in groups, in order`() async throws {
        try await withTail { tail, feed in
            feed.send(chunk(2))
            feed.send(.caughtUp)
            await tail.ready()
            var events = tail.take().reduce(0) { $0 + $1.chunk.ranges.count }
            feed.send(chunk(3))
            while events < 5 {
                await tail.ready()
                events += tail.take().reduce(0) { $0 + $1.chunk.ranges.count }
            }
            #expect(events == 5 && tail.isCaughtUp && tail.end == nil && !tail.isOver)
        }
    }

    @Test func `a full buffer is not read into before it is emptied`() async throws {
        try await withTail(events: 2) { tail, feed in
            for _ in 0..<5 { feed.send(chunk()) }
            await tail.ready()
            while feed.read < 2 { await Task.yield() }
            for _ in 0..<100 { await Task.yield() }
            #expect(feed.read == 2)
            var groups: [Int] = []
            while groups.reduce(0, +) < 5 {
                await tail.ready()
                groups.append(tail.take().count)
            }
            #expect(groups.allSatisfy { $0 <= 2 })
        }
    }

    @Test func `what came before the end is still handed over`() async throws {
        try await withTail { tail, feed in
            feed.send(chunk())
            feed.send(.end(.rateLimited))
            while tail.end == nil { await Task.yield() }
            await tail.ready()
            #expect(!tail.isOver)
            #expect(tail.take().count == 1)
            #expect(tail.isOver && tail.end == .feed(.rateLimited))
            await tail.ready()
        }
    }

    @Test func `closing drops what waits, and the first reason stays`() async throws {
        try await withTail { tail, feed in
            feed.send(chunk())
            while feed.read < 1 { await Task.yield() }
            await tail.close(.rejected)
            await tail.close(.feed(.overBudget))
            #expect(tail.isOver && tail.end == .rejected && feed.closed == 2)
        }
    }

    @Test func `a wait that is cancelled ends`() async throws {
        try await withTail { tail, _ in
            let waiting = Task { await tail.ready() }
            waiting.cancel()
            await waiting.value
            #expect(!tail.isOver)
        }
    }
}
