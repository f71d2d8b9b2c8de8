internal import Synchronization

/// Something of which there is so much, in units, given out in the order in which it was asked for.
final class WaitingLine: Sendable {
    fileprivate struct Waiter {
        let number: Int
        let units: Int
        let turn: CheckedContinuation<Void, any Error>
    }

    fileprivate struct State {
        var free: Int
        var line: [Waiter] = []
        var nextNumber = 0
    }

    private let state: Mutex<State>

    init(_ units: Int) { state = Mutex(State(free: units)) }

    /// Units that nobody has.
    var free: Int { state.withLock { $0.free } }

    /// How many stand in line.
    var waiting: Int { state.withLock { $0.line.count } }

    /// Takes so many units, at once while nobody waits and there are so many. More than there are at all never come.
    /// - Throws: `CancellationError`; then nothing was taken.
    func enter(for units: Int) async throws {
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { turn in
                let isAdmitted: Bool? = state.withLock { state in
                    // Cancelled before the continuation was kept: nobody would resume it later.
                    if Task.isCancelled { return false }
                    guard state.line.isEmpty, state.free >= units else {
                        state.line.append(Waiter(number: number, units: units, turn: turn))
                        return nil
                    }
                    state.free -= units
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
    }

    /// Takes units past the line, where there are so many.
    func take(_ units: Int) -> Bool {
        state.withLock { state in
            guard state.free >= units else { return false }
            state.free -= units
            return true
        }
    }

    /// Gives units back, to those who are first in line.
    func give(_ units: Int) {
        let admitted = state.withLock { state in
            state.free += units
            return state.admit()
        }
        for waiter in admitted { waiter.turn.resume() }
    }

    private func leave(_ number: Int) {
        let (left, admitted) = state.withLock { state in
            let place = state.line.firstIndex { $0.number == number }
            return (place.map { state.line.remove(at: $0) }, state.admit())
        }
        left?.turn.resume(throwing: CancellationError())
        for waiter in admitted { waiter.turn.resume() }
    }
}

extension WaitingLine.State {
    /// Those at the head of the line for whom there is enough now.
    fileprivate mutating func admit() -> [WaitingLine.Waiter] {
        var admitted: [WaitingLine.Waiter] = []
        while let first = line.first, first.units <= free {
            free -= first.units
            admitted.append(line.removeFirst())
        }
        return admitted
    }
}
