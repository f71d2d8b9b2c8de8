import Synchronization

/// What one cycle leaves to the next about hosts.
final class HostMemory: Sendable {
    private let state: Mutex<HostTurns>

    /// Of hosts of which nothing is known yet.
    init(_ turns: HostTurns) { state = Mutex(turns) }

    /// Read at the beginning of a cycle and written at its end; cycles do not overlap.
    var turns: HostTurns {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
