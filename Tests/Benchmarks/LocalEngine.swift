import Database
import Logging
import Nostr
import ServiceKit
import Settings
import Support
import SyncEngine

/// The engine as the Synchronizer runs it, in this process, on relays of this machine.
struct LocalEngine {
    let context: ServiceContext
    private let engine: SyncContext

    /// - Parameter tally: counts what goes over the connections; nil leaves them as they are.
    init(_ brotr: Brotr, counting tally: TrafficTally? = nil) throws {
        var networks = NetworksSettings()
        networks.local.enabled = true
        context = ServiceContext(brotr: brotr, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        let live = try LiveTransport(networks: networks)
        let transport: any RelayTransport = tally.map { CountingTransport(live: live, tally: $0) } ?? live
        engine = SyncContext(context, transport: transport)
    }

    /// A crew of the ordinary lane with so many connections at a time.
    func crew(_ settings: SynchronizingSettings, connections: Int) -> SyncCrew {
        SyncCrew(engine, settings: settings, lane: 0, slots: [.local: connections])
    }

    /// Visits that read everything at once and are not followed by more.
    static var readingOnce: SynchronizingSettings {
        var settings = SynchronizingSettings()
        settings.budget.visit = 3_600
        settings.tail.enabled = false
        return settings
    }

    /// Makes relays known.
    static func add(_ urls: [String], to brotr: Brotr) async throws {
        _ = try await brotr.insertRelays(
            RelayRecord.build(urls: urls, at: UnixTime(seconds: 1_700_000_000)).records)
    }
}
