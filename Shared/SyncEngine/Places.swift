internal import Synchronization

/// A few places for work that takes much memory, given out in the order in which they were asked for.
final class Places: Sendable {
    private struct Waiter {
        let number: Int
        let turn: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var free: Int
        var line: [Waiter] = []
        var nextNumber = 0
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: count)) }

    /// Places that nobody has.
    var free: Int { state.withLock { $0.free } }

    /// How many stand in line.
    var waiting: Int { state.withLock { $0.line.count } }

    /// Gives a place when it is the caller's turn; nil where `isOver` returned before.
    /// - Throws: `CancellationError`.
    func enter(until isOver: @escaping @Sendable () async -> Void) async throws -> Place? {
        try await withThrowingTaskGroup(of: Place?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await self.enter() }
            group.addTask {
                await isOver()
                return nil
            }
            return try await group.next() ?? nil
        }
    }

    private func enter() async throws -> Place {
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { turn in
                let isAdmitted: Bool? = state.withLock { state in
                    // Cancelled before the continuation was kept: nobody would resume it later.
                    if Task.isCancelled { return false }
                    guard state.free > 0 else {
                        state.line.append(Waiter(number: number, turn: turn))
                        return nil
                    }
                    state.free -= 1
                    return true
                }
                switch isAdmitted {
                case true?: turn.resume()
                case false?: turn.resume(throwing: CancellationError())
                case nil: break
                }
            }
        } onCancel: {
            leave(number)
        }
        return Place(self)
    }

    /// A place goes to who is first in line; only without a line it is free.
    fileprivate func give() {
        let next = state.withLock { state -> Waiter? in
            guard state.line.isEmpty else { return state.line.removeFirst() }
            state.free += 1
            return nil
        }
        next?.turn.resume()
    }

    private func leave(_ number: Int) {
        let left = state.withLock { state in
            state.line.firstIndex { $0.number == number }.map { state.line.remove(at: $0) }
        }
        left?.turn.resume(throwing: CancellationError())
    }
}

/// One of the places. It is free again with the last reference.
final class Place: Sendable {
    private let places: Places

    fileprivate init(_ places: Places) { self.places = places }

    deinit { places.give() }
}
