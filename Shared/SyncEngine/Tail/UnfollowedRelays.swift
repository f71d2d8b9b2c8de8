internal import Database
internal import Synchronization

/// Relays that are read and not followed for a while, because the newest event they hold is larger than a message may
/// be: a subscription's stored part would end each connection before anything is read. In memory, of one process;
/// another one finds it out by one connection.
final class UnfollowedRelays: Sendable {
    /// A newer event makes them like any other, and nobody tells.
    private static let time = Duration.seconds(6 * 3_600)

    private let ends = Mutex<[RelayID: Duration]>([:])

    func add(_ relay: RelayID, at now: Duration) {
        ends.withLock { ends in
            ends = ends.filter { $0.value > now }
            ends[relay] = now + Self.time
        }
    }

    func contains(_ relay: RelayID, at now: Duration) -> Bool {
        ends.withLock { ($0[relay] ?? .zero) > now }
    }
}
