internal import Synchronization

/// The bytes that the pages of all relays hold together, from their arrival until they are stored.
///
/// Nobody reserves what a relay may never send: bytes count as they come. A page that finds no room ends, and its visit
/// then waits in line until there is room for more. While anybody stands in that line, further pages stand
/// behind, so that those who hold memory come to their end.
final class PageMemory: Sendable {
    /// Bytes of each page that do not count: a relay with little to say is not kept waiting by those with much.
    static let allowance = 16 << 10

    /// All there is.
    let bytes: Int
    private let line: WaitingLine

    init(bytes: Int) {
        self.bytes = bytes
        line = WaitingLine(bytes)
    }

    /// Bytes that nobody holds.
    var free: Int { line.free }

    /// How many stand in line.
    var waiting: Int { line.waiting }

    /// Lets a page begin: at once while nobody waits and there is room for what it wants from the beginning.
    /// - Parameter bytes: what it may hold without asking again; more than there is counts as all there is.
    /// - Throws: `CancellationError`.
    func begin(with bytes: Int = 0) async throws -> PageLoan {
        let bytes = min(bytes, self.bytes)
        try await line.enter(for: bytes)
        return PageLoan(self, held: bytes)
    }

    /// Takes bytes where there are so many.
    fileprivate func take(_ bytes: Int) -> Bool { line.take(bytes) }

    fileprivate func give(_ bytes: Int) { line.give(bytes) }
}

/// What one page holds of the memory of all. It goes back with the last reference, wherever the page's way ends.
final class PageLoan: Sendable {
    private struct State {
        var used = 0
        var held: Int
        var isShort = false
    }

    private let memory: PageMemory
    private let state: Mutex<State>

    fileprivate init(_ memory: PageMemory, held: Int) {
        self.memory = memory
        state = Mutex(State(held: held))
    }

    deinit { memory.give(state.withLock { $0.held }) }

    /// Bytes that came, those that were refused included.
    var used: Int { state.withLock { $0.used } }

    /// Bytes were refused.
    var isShort: Bool { state.withLock { $0.isShort } }

    /// Counts bytes that came; false where there is no room for them.
    func take(_ bytes: Int) -> Bool {
        state.withLock { state in
            state.used += bytes
            let lacking = state.used - PageMemory.allowance - state.held
            guard lacking > 0 else { return true }
            guard memory.take(lacking) else {
                state.isShort = true
                return false
            }
            state.held += lacking
            return true
        }
    }

    /// Nothing follows: what was lent and not used goes back.
    func settle() {
        let unused = state.withLock { state in
            let unused = max(0, state.held - max(0, state.used - PageMemory.allowance))
            state.held -= unused
            return unused
        }
        if unused > 0 { memory.give(unused) }
    }
}
