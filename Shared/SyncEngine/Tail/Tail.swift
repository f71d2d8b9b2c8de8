internal import Database
internal import Nostr
internal import RelayClient
internal import ServiceKit
internal import Synchronization

/// The open subscription of one visit: a task of its own reads it into a bounded buffer, the visit takes groups out.
///
/// Only the visit stores, between its pages, so that a relay's rows have one writer and one order.
final class Tail: Sendable {
    /// Why nothing follows.
    enum End: Sendable, Equatable {
        case feed(InconclusiveReason)
        /// More junk than is looked at.
        case rejected

        /// For logs and metrics.
        var word: String {
            switch self {
            case .feed(let reason): reason.rawValue
            case .rejected: "rejected"
            }
        }
    }

    private struct State {
        var buffer: TailBuffer
        var end: End?
        var isCaughtUp = false
    }

    private let feed: any RelayFeed
    private let clock: MonotonicClock
    private let state: Mutex<State>
    private let arrived = Bell()
    private let taken = Bell()

    init(_ feed: any RelayFeed, settings: TailSettings, clock: MonotonicClock) {
        self.feed = feed
        self.clock = clock
        state = Mutex(State(buffer: TailBuffer(settings)))
    }

    /// Asks for no interval: events are wanted by their arrival, whatever time they claim. The limit is for what is
    /// stored already, and walks read that; 1, because there are relays that take 0 for no limit at all.
    static let request = PageRequest(since: nil, until: nil, limit: 1)

    /// Why nothing follows; what came before may still wait.
    var end: End? { state.withLock { $0.end } }

    /// Nothing follows, and nothing waits.
    var isOver: Bool { state.withLock { $0.end != nil && $0.buffer.isEmpty } }

    /// True from the relay's EOSE on: whatever it stores now comes here.
    var isCaughtUp: Bool { state.withLock { $0.isCaughtUp } }

    /// Reads the feed to its end, and no further ahead than the buffer allows.
    func read() async {
        while !Task.isCancelled {
            guard let item = try? await feed.next() else { return }
            switch item {
            case .events(let chunk):
                let (wasEmpty, isFull) = state.withLock { state in
                    let wasEmpty = state.buffer.isEmpty
                    state.buffer.add(chunk, at: clock.now())
                    return (wasEmpty, state.buffer.isFull)
                }
                if wasEmpty || isFull { arrived.ring() }
                if isFull { await waitForRoom() }
            case .caughtUp: state.withLock { $0.isCaughtUp = true }
            case .end(let reason): return finish(.feed(reason))
            }
        }
    }

    private func waitForRoom() async {
        while !Task.isCancelled, state.withLock({ $0.buffer.isFull && $0.end == nil }) { await taken.wait() }
    }

    /// Returns when a group is to be stored, when nothing follows, or when the task is cancelled.
    func ready() async {
        while !Task.isCancelled {
            let (due, isOver) = state.withLock { ($0.buffer.dueAt, $0.end != nil) }
            if isOver { return }
            guard let due else {
                await arrived.wait()
                continue
            }
            guard due > clock.now() else { return }
            await firstOf([{ try? await self.clock.sleep(due) }, { await self.arrived.wait() }])
        }
    }

    /// What waits, in the order it came.
    func take() -> [TailBuffer.Arrival] {
        let group = state.withLock { $0.buffer.take(at: clock.now()) }
        taken.ring()
        return group
    }

    /// Ends it, drops what waits, and tells the relay. The first reason stays.
    func close(_ reason: End) async {
        finish(reason)
        _ = take()
        await feed.close()
    }

    private func finish(_ reason: End) {
        state.withLock { $0.end = $0.end ?? reason }
        arrived.ring()
        taken.ring()
    }
}

/// Runs all and returns when one of them is over; the others are cancelled.
func firstOf(_ bodies: [@Sendable () async -> Void]) async {
    await withTaskGroup(of: Void.self) { group in
        for body in bodies { group.addTask { await body() } }
        await group.next()
        group.cancelAll()
    }
}
