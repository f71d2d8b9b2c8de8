import Crypto
import Database
import Logging
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
    var state = MonitorState()

    /// Relays in which second names are looked for after a cycle: a few milliseconds each.
    private static let mostCompared = 20

    private let config: MonitorConfig
    private let tally: MonitorTally
    private let publishTally: PublishTally
    private let makeFetcher: MakeFetcher
    private var parts: (crew: MonitorCrew, publisher: Publisher?)?
    private var keptUpAt: Duration?

    /// From one look after the queue to the next.
    private static let upkeepInterval = Duration.seconds(60)

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
        publishTally = PublishTally(registry: context.metrics, logger: context.logger)
    }

    /// Checks what is due, and publishes what follows from it.
    /// - Throws: `NetError` or `FetchError` when the certificate authorities cannot be read, `GeoFileError` when a
    ///   configured file cannot; `DatabaseError` when claiming fails.
    func run() async throws -> Outcome {
        let (crew, publisher) = try readyParts()
        for failure in try crew.check.host.refresh() {
            context.logger.warning("geo_file_unreadable", metadata: [LogKey.detail: "\(failure)"])
        }
        tally.beginCycle(at: context.clock.now())
        if let publisher { try await run(crew, beside: publisher) } else { try await crew.run() }
        if !context.shutdown.isRequested {
            tally.compared(try await crew.store.findAliases(limit: Self.mostCompared))
        }
        var outcome = tally.cycle.outcome
        if publisher != nil { outcome.metrics.merge(publishTally.metrics) { $1 } }
        return outcome
    }

    private func run(_ crew: MonitorCrew, beside publisher: Publisher) async throws {
        publishTally.beginCycle()
        try await keepUp(publisher)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let checksAreOver = ShutdownSignal()
            group.addTask { try await publisher.run(until: checksAreOver) }
            defer { checksAreOver.request() }
            try await crew.run()
            checksAreOver.request()
            try await group.waitForAll()
        }
        state.publishing = try await publisher.look()
    }

    private func keepUp(_ publisher: Publisher) async throws {
        let now = context.clock.now()
        if !context.isOnce, let keptUpAt, now - keptUpAt < Self.upkeepInterval { return }
        try await publisher.keepUp()
        keptUpAt = now
    }

    /// Made in the first cycle, because a certificate file that cannot be read is an error of a cycle.
    private func readyParts() throws -> (crew: MonitorCrew, publisher: Publisher?) {
        if let parts { return parts }
        let networks = context.core.networks
        let tls = TLSSettings(caFile: context.core.tls.caFile.map(context.path))
        let time = DatabaseClock(context.clock)
        let signer = try readKey().map(EventSigner.init)
        let publisher = try publisher(signer, networks, tls, time)
        let transfers = Network.allCases.count * config.checks.concurrency
        let check = RelayCheck(
            dialer: try RelayDialer(networks: networks, limits: context.core.limits, tls: tls),
            fetcher: try makeFetcher(networks, tls, transfers), settings: config.checks, networks: networks,
            clock: context.clock, writer: writer(signer, time),
            host: try HostProbes(config.checks, networks: networks, tls: tls, clock: context.clock, path: context.path))
        let store = MonitorStore(
            brotr: context.brotr, owner: context.replica, logger: context.logger.component("store"), time: time)
        let crew = MonitorCrew(
            context: context, store: store, check: check, config: config, tally: tally,
            exclusions: RelayExclusions(config.checks.exclude), publication: publisher?.rules)
        parts = (crew, publisher)
        return (crew, publisher)
    }

    /// The key of the Monitor, where something is to be signed; its form was checked at the start.
    private func readKey() throws -> SecretKey? {
        guard !config.requiredSecrets.isEmpty else { return nil }
        return try context.environment.requiredSecret("NOSTR_PRIVATE_KEY").withExposed { try NIP19Keys.secretKey($0) }
    }

    private func writer(_ signer: EventSigner?, _ time: DatabaseClock) -> WriteProbe? {
        guard config.checks.write.enabled, let signer else { return nil }
        return WriteProbe(signer: signer, time: time, mostBits: config.checks.write.maxPow, clock: context.clock)
    }

    private func publisher(
        _ signer: EventSigner?, _ networks: NetworksSettings, _ tls: TLSSettings, _ time: DatabaseClock
    ) throws -> Publisher? {
        guard config.publishing.enabled, let signer else { return nil }
        let store = PublishStore(brotr: context.brotr, owner: context.replica)
        let authenticator = KeyAuthenticator(key: signer.key, time: time)
        let visit = PublishVisit(
            dialer: try RelayDialer(
                networks: networks, limits: context.core.limits, tls: tls, authenticator: authenticator),
            signer: signer,
            store: store, settings: config.publishing, networks: networks, context: context, tally: publishTally)
        let rules = PublicationRules(
            author: signer.key.publicKey, publishing: config.publishing, checks: config.checks,
            openTimeout: networks.clearnet.timeout.duration)
        return Publisher(
            context: context, rules: rules, visit: visit, store: store, time: time, tally: publishTally,
            interval: config.interval.duration)
    }
}
