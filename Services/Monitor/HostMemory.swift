import Synchronization

/// What one cycle leaves to the next about hosts.
final class HostMemory: Sendable {
    private let state: Mutex<HostTurns>

    /// - Parameter most: checks at one time against one host.
    init(most: Int) { state = Mutex(HostTurns(most: most)) }

    /// Read at the beginning of a cycle and written at its end; cycles do not overlap.
    var turns: HostTurns {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
