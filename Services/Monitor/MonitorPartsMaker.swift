import Crypto
import Net
import Nostr
import RelayClient
import ServiceKit
import Settings
import Telemetry

/// Who works in a cycle of the Monitor.
struct MonitorParts {
    /// Checks relays.
    let crew: MonitorCrew
    /// Publishes what it finds; nil where nothing is published.
    let publisher: Publisher?
}

/// Makes the parts of the Monitor from its settings, once.
struct MonitorPartsMaker {
    /// Makes the road to information documents (NIP-11), for so many at one time; nil when they are not asked for.
    typealias MakeFetcher = @Sendable (NetworksSettings, TLSSettings, Int) throws -> (any DocumentFetcher)?

    /// The one that the executable takes.
    static let overHTTP: MakeFetcher = { try HTTPDocuments(networks: $0, tls: $1, mostTransfers: $2) }

    let config: MonitorConfig
    let context: ServiceContext
    let tally: MonitorTally
    let publishTally: PublishTally
    let makeFetcher: MakeFetcher
    /// Networks in which hosts have no bound of their own.
    var uncounted: Set<Network> = [.local]

    private var networks: NetworksSettings { context.core.networks }
    private var tls: TLSSettings { TLSSettings(caFile: context.core.tls.caFile.map(context.path)) }

    /// All parts.
    /// - Throws: `NetError` or `FetchError` when the certificate authorities cannot be read, `GeoFileError` when a
    ///   configured file cannot.
    func make() throws -> MonitorParts {
        let time = DatabaseClock(context.clock)
        let signer = try readKey().map(EventSigner.init)
        let publisher = try makePublisher(signer, time)
        let store = MonitorStore(
            brotr: context.brotr, owner: context.replica, logger: context.logger.component("store"), time: time)
        let crew = MonitorCrew(
            context: context, store: store, check: try makeCheck(signer, time), config: config, tally: tally,
            exclusions: RelayExclusions(config.checks.exclude), publication: publisher?.rules,
            hosts: HostMemory(
                HostTurns(most: config.checks.perHost, interval: config.interval.duration, uncounted: uncounted)))
        return MonitorParts(crew: crew, publisher: publisher)
    }

    /// The key of the Monitor, where something is to be signed; its form was checked at the start.
    private func readKey() throws -> SecretKey? {
        guard !config.requiredSecrets.isEmpty else { return nil }
        return try context.environment.requiredSecret("NOSTR_PRIVATE_KEY").withExposed { try NIP19Keys.secretKey($0) }
    }

    private func makeCheck(_ signer: EventSigner?, _ time: DatabaseClock) throws -> RelayCheck {
        let transfers = Network.allCases.count * (config.checks.concurrency + config.checks.waiting)
        return RelayCheck(
            dialer: try RelayDialer(networks: networks, limits: context.core.limits, tls: tls),
            fetcher: try makeFetcher(networks, tls, transfers), settings: config.checks, networks: networks,
            clock: context.clock, writer: makeWriter(signer, time),
            host: try HostProbes(config.checks, networks: networks, tls: tls, clock: context.clock, path: context.path),
            jsonDepth: context.core.limits.jsonDepth)
    }

    private func makeWriter(_ signer: EventSigner?, _ time: DatabaseClock) -> WriteProbe? {
        guard config.checks.write.enabled, let signer else { return nil }
        return WriteProbe(signer: signer, time: time, mostBits: config.checks.write.maxPow, clock: context.clock)
    }

    private func makePublisher(_ signer: EventSigner?, _ time: DatabaseClock) throws -> Publisher? {
        guard config.publishing.enabled, let signer else { return nil }
        let store = PublishStore(brotr: context.brotr, owner: context.replica)
        let dialer = try RelayDialer(
            networks: networks, limits: context.core.limits, tls: tls,
            authenticator: KeyAuthenticator(key: signer.key, time: time))
        let visit = PublishVisit(
            dialer: dialer, signer: signer, store: store, settings: config.publishing, networks: networks,
            context: context, tally: publishTally)
        let rules = PublicationRules(
            author: signer.key.publicKey, publishing: config.publishing, checks: config.checks,
            openTimeout: networks.clearnet.timeout.duration)
        return Publisher(
            context: context, rules: rules, visit: visit, store: store, time: time, tally: publishTally,
            interval: config.interval.duration)
    }
}
