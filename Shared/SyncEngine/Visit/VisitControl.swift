internal import ServiceKit
internal import Synchronization

/// The word from outside that a visit should end, and the word from inside that it could.
///
/// `yield` and `giveWay` let the page in hand come in and ask for no further one. `stop` closes the connection at once:
/// the service stops or the lease is lost. A batch that is being stored is finished in any case.
public final class VisitControl: Sendable {
    private struct State {
        var givesWay = false
        var isStaying = false
    }

    private let state = Mutex(State())
    private let slot = ShutdownSignal()
    private let leaving = ShutdownSignal()
    private let stopping = ShutdownSignal()
    /// Whether the relay may be followed, and its slot kept after the visit's time until somebody needs it.
    let mayStay: Bool

    /// A visit that may go on.
    public init(mayStay: Bool = false) { self.mayStay = mayStay }

    /// False once no further page may be asked for.
    public var mayContinue: Bool { !stopping.isRequested && !leaving.isRequested }

    /// True once the connection is to be closed.
    var isStopped: Bool { stopping.isRequested }

    /// True when the slot is needed for another relay: this one is due again after the usual time.
    var givesWay: Bool { state.withLock { $0.givesWay } }

    /// True while the visit goes on only because nobody needs its slot.
    var isStaying: Bool { state.withLock { $0.isStaying } && mayContinue }

    /// Says that the visit's own time is over.
    func stay() { state.withLock { $0.isStaying = true } }

    /// Ends the visit at the next page; it goes on as soon as it is claimed again.
    public func yield() { leaving.request() }

    /// Ends a visit whose time is over, for another relay.
    func giveWay() {
        state.withLock { $0.givesWay = true }
        leaving.request()
    }

    /// Ends the visit and closes its connection.
    public func stop() {
        stopping.request()
        leaving.request()
    }

    /// Lets the visit begin.
    func grantSlot() { slot.request() }

    /// Waits until the visit may begin, or is to end.
    func waitForSlot() async { await firstOf([{ await self.slot.wait() }, { await self.leaving.wait() }]) }

    /// Waits until no further page may be asked for.
    func waitForEnd() async { await leaving.wait() }

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
