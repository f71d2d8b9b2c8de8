import Database
import Logging
import ServiceKit
import Support
import SyncEngine
import Synchronization

extension SyncContext {
    /// What one simulated replica works with: everything it reads and writes passes through its process.
    init(
        simulating process: SimulatedProcess, _ world: SimulatedWorld, _ network: SimulatedNetwork,
        _ archive: SimulatedArchive, seed: UInt64
    ) {
        let random = Mutex(SplitMix64(seed: seed ^ 0x77))
        self.init(
            store: SimulatedStore(archive: archive, process: process),
            transport: SimulatedTransport(network: network, process: process), clock: world.clock,
            randomness: { random.withLock { Double.random(in: 0..<1, using: &$0) } }, shutdown: ShutdownSignal(),
            replica: process.id, logger: Logger(label: "simulator") { _ in SwiftLogNoOpLogHandler() },
            isAuthentic: SimulatedEvent.isAuthentic, executor: world)
    }
}
