import Database
import Synchronization

/// One replica's process: it can be killed, or frozen beyond its leases. Whatever it does to the outside passes here.
final class SimulatedProcess: Sendable {
    private struct State {
        var isDead = false
        var frozenUntil = Duration.zero
    }

    let id: ReplicaID
    private let world: SimulatedWorld
    private let bornAt: Duration
    private let state = Mutex(State())

    init(world: SimulatedWorld, number: UInt64) {
        self.world = world
        bornAt = world.now
        id = ReplicaID(SQLUUID(high: 7, low: number))
    }

    var isDead: Bool { state.withLock { $0.isDead } }

    /// SIGKILL: nothing it does reaches anybody any more.
    func kill() { state.withLock { $0.isDead = true } }

    /// SIGSTOP until a point in time.
    func freeze(until end: Duration) { state.withLock { $0.frozenUntil = end } }

    /// When it was last able to act.
    var frozenUntil: Duration { state.withLock { $0.frozenUntil } }

    /// Since when it has been able to act.
    var ableSince: Duration { max(bornAt, frozenUntil) }

    /// Passes some time, as on the way to another machine.
    /// - Throws: `CancellationError` for a dead process, or a cancelled task.
    func wait(_ time: Duration) async throws {
        try await world.sleep(for: time)
        while !isDead, frozenUntil > world.now { try await world.sleep(until: frozenUntil) }
        if isDead { throw CancellationError() }
    }
}
