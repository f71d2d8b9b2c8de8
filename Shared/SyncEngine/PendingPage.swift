internal import Synchronization

/// A page that is being asked for while the one before it is prepared.
final class PendingPage: Sendable {
    private let answer = Mutex<Result<RawPage, any Error>?>(nil)
    private let arrived = Bell()

    func fill(_ result: Result<RawPage, any Error>) {
        answer.withLock { $0 = result }
        arrived.ring()
    }

    /// Waits for it; one task at a time.
    /// - Throws: what asking for it threw, or `CancellationError`.
    func value() async throws -> RawPage {
        while true {
            if let answer = answer.withLock({ $0 }) { return try answer.get() }
            try Task.checkCancellation()
            await arrived.wait()
        }
    }
}
