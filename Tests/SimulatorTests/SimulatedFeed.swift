import Nostr
import RelayClient
import Synchronization

@testable import SyncEngine

/// An open subscription at a simulated relay: what waits on its way to one process.
final class SimulatedFeed: RelayFeed {
    private struct State {
        var waiting: [FeedItem] = []
        var isLive = false
        var isOver = false
    }

    let process: SimulatedProcess
    /// What it would have shown first was too large for a message: that ends the connection.
    let isTooLarge: Bool
    private let network: SimulatedNetwork
    private let state: Mutex<State>
    private let bell = Bell()

    init(network: SimulatedNetwork, process: SimulatedProcess, stored: [SimulatedEvent], isTooLarge: Bool = false) {
        self.isTooLarge = isTooLarge
        self.network = network
        self.process = process
        state = Mutex(State(waiting: [.events(EventChunk(stored)), .caughtUp]))
    }

    /// Its reader knows that all that follows is new, and it has not ended.
    var isLive: Bool { state.withLock { $0.isLive && !$0.isOver } }

    func send(_ events: [SimulatedEvent]) { add(.events(EventChunk(events))) }

    func end(_ reason: InconclusiveReason) {
        add(.end(reason))
        state.withLock { $0.isOver = true }
    }

    private func add(_ item: FeedItem) {
        state.withLock { if !$0.isOver { $0.waiting.append(item) } }
        bell.ring()
    }

    func next() async throws -> FeedItem {
        while true {
            guard let item = state.withLock({ $0.waiting.first }) else {
                await bell.wait()
                try Task.checkCancellation()
                continue
            }
            // Taken only when it has arrived: a reader that is cancelled meanwhile loses nothing.
            try await process.wait(network.latency())
            guard case .end = item else {
                return state.withLock { state in
                    if case .caughtUp = item { state.isLive = true }
                    return state.waiting.removeFirst()
                }
            }
            return item
        }
    }

    func close() async { end(.disconnected) }
}

extension EventChunk {
    /// The events as a relay sends them.
    init(_ events: [SimulatedEvent]) {
        var bytes: [UInt8] = []
        var ranges: [Range<Int>] = []
        for event in events {
            ranges.append(bytes.count..<(bytes.count + event.json.count))
            bytes += event.json
        }
        self.init(bytes: bytes, ranges: ranges)
    }
}
