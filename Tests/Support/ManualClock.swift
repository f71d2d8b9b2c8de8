import NIOConcurrencyHelpers

/// A clock that stands still until a test moves it. Sleepers wake in the order of their deadlines.
public final class ManualClock: Clock, Sendable {
    /// A point of this clock's time.
    public struct Instant: InstantProtocol {
        /// Since the clock was made.
        public let offset: Swift.Duration

        /// The instant so much later.
        public func advanced(by duration: Swift.Duration) -> Instant { Instant(offset: offset + duration) }

        /// From this instant to the other.
        public func duration(to other: Instant) -> Swift.Duration { other.offset - offset }

        /// Earlier instants come first.
        public static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private struct Sleeper {
        let id: Int
        let deadline: Instant
        let wake: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Instant(offset: .zero)
        var nextID = 0
        var cancelled: Set<Int> = []
        var sleepers: [Sleeper] = []
        var watchers: [(count: Int, wake: CheckedContinuation<Void, Never>)] = []
    }

    private let state = NIOLockedValueBox(State())

    /// A clock at zero.
    public init() {}

    /// Where the clock stands.
    public var now: Instant { state.withLockedValue { $0.now } }

    /// No time is too short for it.
    public var minimumResolution: Swift.Duration { .zero }

    /// How many tasks sleep.
    public var sleeperCount: Int { state.withLockedValue { $0.sleepers.count } }

    /// Sleeps until the clock is moved to the deadline, or the task is cancelled.
    public func sleep(until deadline: Instant, tolerance: Swift.Duration? = nil) async throws {
        let id = state.withLockedValue { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { add(Sleeper(id: id, deadline: deadline, wake: $0)) }
        } onCancel: {
            cancel(id)
        }
    }

    /// Moves the clock and wakes who is due.
    public func advance(by duration: Swift.Duration) {
        let due = state.withLockedValue { state in
            let now = state.now.advanced(by: duration)
            state.now = now
            let due = state.sleepers.filter { $0.deadline <= now }.sorted { $0.deadline < $1.deadline }
            state.sleepers.removeAll { $0.deadline <= now }
            return due
        }
        due.forEach { $0.wake.resume() }
    }

    /// Waits until at least `count` tasks sleep, so that a test moves the clock when it makes a difference.
    public func waitForSleepers(_ count: Int = 1) async {
        await withCheckedContinuation { wake in
            let isThere = state.withLockedValue { state in
                if state.sleepers.count >= count { return true }
                state.watchers.append((count, wake))
                return false
            }
            if isThere { wake.resume() }
        }
    }

    private func add(_ sleeper: Sleeper) {
        let (result, watchers) = state.withLockedValue {
            state -> (Result<Void, any Error>?, [CheckedContinuation<Void, Never>]) in
            if state.cancelled.remove(sleeper.id) != nil || Task.isCancelled {
                return (.failure(CancellationError()), [])
            }
            guard sleeper.deadline > state.now else { return (.success(()), []) }
            state.sleepers.append(sleeper)
            let count = state.sleepers.count
            let ready = state.watchers.filter { $0.count <= count }.map(\.wake)
            state.watchers.removeAll { $0.count <= count }
            return (nil, ready)
        }
        if let result { sleeper.wake.resume(with: result) }
        watchers.forEach { $0.resume() }
    }

    private func cancel(_ id: Int) {
        let sleeper = state.withLockedValue { state -> Sleeper? in
            guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                state.cancelled.insert(id)
                return nil
            }
            return state.sleepers.remove(at: index)
        }
        sleeper?.wake.resume(throwing: CancellationError())
    }
}
