import Database
import Net
import RelayClient
import ServiceKit
import Settings
import Telemetry

/// Checks relays and keeps the history of what they answered: claims those that are due, cycle by cycle.
actor MonitorService: BaseService {
    static let serviceName = "monitor"

    nonisolated let context: ServiceContext
    var state = PlainState()

    private let config: MonitorConfig
    private let tally: MonitorTally
    private let fetcher: (any DocumentFetcher)?
    private var crew: MonitorCrew?

    init(config: MonitorConfig, context: ServiceContext) {
        self.init(config: config, context: context, fetcher: nil)
    }

    /// - Parameter fetcher: the road to information documents (NIP-11); without one they are not asked for.
    init(config: MonitorConfig, context: ServiceContext, fetcher: (any DocumentFetcher)?) {
        self.config = config
        self.context = context
        self.fetcher = fetcher
        tally = MonitorTally(registry: context.metrics, logger: context.logger)
    }

    /// Checks what is due.
    /// - Throws: `NetError` when the certificate authorities cannot be read; `DatabaseError` when claiming fails.
    func run() async throws -> Outcome {
        let crew = try readyCrew()
        tally.beginCycle(at: context.clock.now())
        try await crew.run()
        return tally.cycle.outcome
    }

    /// Made in the first cycle, because a certificate file that cannot be read is an error of a cycle.
    private func readyCrew() throws -> MonitorCrew {
        if let crew { return crew }
        let networks = context.core.networks
        let tls = TLSSettings(caFile: context.core.tls.caFile.map(context.path))
        let check = RelayCheck(
            dialer: try RelayDialer(networks: networks, tls: tls), fetcher: fetcher, settings: config.checks,
            networks: networks, clock: context.clock)
        let store = MonitorStore(
            brotr: context.brotr, owner: context.replica, logger: context.logger.component("store"))
        let made = MonitorCrew(context: context, store: store, check: check, config: config, tally: tally)
        crew = made
        return made
    }
}
