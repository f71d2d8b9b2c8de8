import DequeModule
import Synchronization

/// Hands items from a connection's event loop to the one task that reads them.
///
/// A lock instead of a hop to the loop: taking what is there costs the loop nothing.
final class Mailbox<Item: MailboxItem>: Sendable {
    private struct State {
        var items: Deque<Item> = []
        var waitingBytes = 0
        var isPausing = false
        var end: Item.End?
        var reader: CheckedContinuation<Item, any Error>?
    }

    private let limitBytes: Int
    private let state = Mutex(State())

    /// Over `limitBytes` of waiting events the connection is to stop reading.
    init(limitBytes: Int) { self.limitBytes = limitBytes }

    /// Whether the end is in.
    var hasEnded: Bool { state.withLock { $0.end != nil } }

    /// Puts an item in. True when reading is to stop now.
    func put(_ item: Item) -> Bool {
        let (reader, pauses) = state.withLock { state in
            guard state.end == nil else { return (CheckedContinuation<Item, any Error>?.none, false) }
            if let reader = state.reader {
                state.reader = nil
                return (reader, false)
            }
            state.items.append(item)
            state.waitingBytes += item.byteCount
            let pauses = !state.isPausing && state.waitingBytes > limitBytes
            if pauses { state.isPausing = true }
            return (nil, pauses)
        }
        reader?.resume(returning: item)
        return pauses
    }

    /// Puts the end behind everything that waits, or in its place. True when reading stood still for this mailbox.
    func finish(_ end: Item.End, discarding: Bool) -> Bool {
        let (reader, wasPausing) = state.withLock { state in
            defer {
                state.end = state.end ?? end
                state.isPausing = false
                state.reader = nil
            }
            if discarding {
                state.items = []
                state.waitingBytes = 0
            }
            return (state.reader, state.isPausing)
        }
        reader?.resume(returning: .end(end))
        return wasPausing
    }

    /// The next item. `resume` is called when there is room again after a pause. CancellationError when the task is
    /// cancelled; nothing is lost by that.
    func next(resume: () -> Void) async throws -> Item {
        if let (item, resumes) = state.withLock({ Self.take(&$0, limitBytes) }) {
            if resumes { resume() }
            return item
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { reader in
                if wait(reader) { resume() }
            }
        } onCancel: {
            let reader = state.withLock { state in
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume(throwing: CancellationError())
        }
    }

    /// Leaves the reader waiting, or answers it at once. True when what it took made room after a pause.
    private func wait(_ reader: CheckedContinuation<Item, any Error>) -> Bool {
        let (answer, resumes): (Result<Item, any Error>?, Bool) = state.withLock { state in
            // Something may have come since, and so may the cancellation.
            if let (item, resumes) = Self.take(&state, limitBytes) { return (.success(item), resumes) }
            if Task.isCancelled { return (.failure(CancellationError()), false) }
            precondition(state.reader == nil, "one task reads a mailbox")
            state.reader = reader
            return (nil, false)
        }
        if let answer { reader.resume(with: answer) }
        return resumes
    }

    private static func take(_ state: inout State, _ limitBytes: Int) -> (Item, resumes: Bool)? {
        guard let item = state.items.popFirst() else { return state.end.map { (.end($0), false) } }
        state.waitingBytes -= item.byteCount
        let resumes = state.isPausing && state.waitingBytes <= limitBytes / 2
        if resumes { state.isPausing = false }
        return (item, resumes)
    }
}
