internal import Synchronization

/// The word from outside that a visit should end.
///
/// `yield` lets the page in hand come in and asks for no further one: the visit's time is over. `stop` closes the
/// connection at once: the service stops or the lease is lost. A batch that is being stored is finished either way.
public final class VisitControl: Sendable {
    private struct State {
        var mayContinue = true
        var isStopped = false
        var session: (any RelaySession)?
    }

    private let state = Mutex(State())

    /// A visit that may go on.
    public init() {}

    /// False once no further page may be asked for.
    public var mayContinue: Bool { state.withLock { $0.mayContinue } }

    /// Ends the visit at the next page.
    public func yield() { state.withLock { $0.mayContinue = false } }

    /// Ends the visit and closes its connection.
    public func stop() async {
        let session = state.withLock { state in
            state.mayContinue = false
            state.isStopped = true
            return state.session
        }
        await session?.close()
    }

    /// Names the connection that `stop` closes; false when the visit was stopped before.
    func register(_ session: any RelaySession) -> Bool {
        state.withLock { state in
            state.session = session
            return !state.isStopped
        }
    }
}
