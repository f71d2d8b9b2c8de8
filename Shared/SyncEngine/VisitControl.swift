internal import ServiceKit
internal import Synchronization

/// The word from outside that a visit should end.
///
/// `yield` lets the page in hand come in and asks for no further one: the visit's time is over. `stop` closes the
/// connection at once: the service stops or the lease is lost. A batch that is being stored is finished either way.
public final class VisitControl: Sendable {
    private let isYielding = Mutex(false)
    private let stopping = ShutdownSignal()

    /// A visit that may go on.
    public init() {}

    /// False once no further page may be asked for.
    public var mayContinue: Bool { !stopping.isRequested && !isYielding.withLock { $0 } }

    /// True once the connection is to be closed.
    var isStopped: Bool { stopping.isRequested }

    /// Ends the visit at the next page.
    public func yield() { isYielding.withLock { $0 = true } }

    /// Ends the visit and closes its connection.
    public func stop() { stopping.request() }

    /// Runs the body and closes the session when it is over, or as soon as the visit is stopped.
    func guarding<Result: Sendable>(
        _ session: any RelaySession, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                await self.stopping.wait()
                await session.close()
                return nil
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            preconditionFailure("the body always gives a result")
        }
    }
}
