import Database
import Net
import Nostr
import RelayClient
import ServiceKit
import Settings
import Telemetry

/// Checks relays and keeps the history of what they answered: claims those that are due, cycle by cycle.
actor MonitorService: BaseService {
    static let serviceName = "monitor"

    nonisolated let context: ServiceContext
    var state = PlainState()

    /// Relays in which second names are looked for after a cycle: a few milliseconds each.
    private static let mostCompared = 20

    private let config: MonitorConfig
    private let tally: MonitorTally
    private let makeFetcher: MakeFetcher
    private var crew: MonitorCrew?

    init(config: MonitorConfig, context: ServiceContext) {
        self.init(config: config, context: context, makeFetcher: Self.overHTTP)
    }

    /// Makes the road to information documents (NIP-11), for so many at one time; nil when they are not asked for.
    typealias MakeFetcher = @Sendable (NetworksSettings, TLSSettings, Int) throws -> (any DocumentFetcher)?

    /// The one that the executable takes.
    static let overHTTP: MakeFetcher = { try HTTPDocuments(networks: $0, tls: $1, mostTransfers: $2) }

    /// With a road of one's own.
    init(config: MonitorConfig, context: ServiceContext, makeFetcher: @escaping MakeFetcher) {
        self.config = config
        self.context = context
        self.makeFetcher = makeFetcher
        tally = MonitorTally(registry: context.metrics, logger: context.logger)
    }

    /// Checks what is due.
    /// - Throws: `NetError` or `FetchError` when the certificate authorities cannot be read; `DatabaseError` when
    ///   claiming fails.
    func run() async throws -> Outcome {
        let crew = try readyCrew()
        tally.beginCycle(at: context.clock.now())
        try await crew.run()
        if !context.shutdown.isRequested {
            tally.compared(try await crew.store.findAliases(limit: Self.mostCompared))
        }
        return tally.cycle.outcome
    }

    /// Made in the first cycle, because a certificate file that cannot be read is an error of a cycle.
    private func readyCrew() throws -> MonitorCrew {
        if let crew { return crew }
        let networks = context.core.networks
        let tls = TLSSettings(caFile: context.core.tls.caFile.map(context.path))
        let transfers = Network.allCases.count * config.checks.concurrency
        let check = RelayCheck(
            dialer: try RelayDialer(networks: networks, limits: context.core.limits, tls: tls),
            fetcher: try makeFetcher(networks, tls, transfers),
            settings: config.checks, networks: networks, clock: context.clock)
        let store = MonitorStore(
            brotr: context.brotr, owner: context.replica, logger: context.logger.component("store"))
        let made = MonitorCrew(context: context, store: store, check: check, config: config, tally: tally)
        crew = made
        return made
    }
}
