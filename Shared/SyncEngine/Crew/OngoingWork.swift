internal import Database
internal import ServiceKit

/// Work that goes on when the cycle that began it is over, until it comes to its end or somebody ends it.
final class OngoingWork: Sendable {
    private let task: Task<Void, any Error>
    private let over = ShutdownSignal()

    init(_ body: @escaping @Sendable () async throws -> Void) {
        // It outlives the cycle that began it, whose task can therefore not be the parent. `end` waits for it, and
        // cancels it together with who waits.
        task = Task { [over] in
            defer { over.request() }
            try await body()
        }
    }

    /// Whether it has come to its end.
    var isOver: Bool { over.isRequested }

    /// Returns when it is over, when the time has passed, or when the waiting task is cancelled.
    func wait(atMost time: Duration, _ clock: MonotonicClock) async {
        await firstOf([{ await self.over.wait() }, { try? await clock.sleep(for: time) }])
    }

    /// Cancels it.
    func cancel() { task.cancel() }

    /// Awaits its end; cancelled together with the task that waits.
    /// - Throws: what it threw.
    func end() async throws {
        try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
