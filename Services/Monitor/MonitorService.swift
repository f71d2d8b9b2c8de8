import Database
import Logging
import Nostr
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

    private let tally: MonitorTally
    private let publishTally: PublishTally
    private let maker: MonitorPartsMaker
    private var parts: MonitorParts?
    private var keptUpAt: Duration?

    /// From one look after the queue, and at what other monitors say, to the next.
    private static let upkeepInterval = Duration.seconds(60)

    init(config: MonitorConfig, context: ServiceContext) {
        self.init(config: config, context: context, makeFetcher: MonitorPartsMaker.overHTTP)
    }

    /// With a road of one's own.
    /// - Parameter uncounted: networks in which hosts have no bound of their own.
    init(
        config: MonitorConfig, context: ServiceContext, makeFetcher: @escaping MonitorPartsMaker.MakeFetcher,
        uncounted: Set<Network> = [.local]
    ) {
        self.context = context
        tally = MonitorTally(registry: context.metrics, logger: context.logger)
        publishTally = PublishTally(registry: context.metrics, logger: context.logger)
        maker = MonitorPartsMaker(
            config: config, context: context, tally: tally, publishTally: publishTally, makeFetcher: makeFetcher,
            uncounted: uncounted)
    }

    /// Checks what is due, and publishes what follows from it.
    /// - Throws: `NetError` or `FetchError` when the certificate authorities cannot be read, `GeoFileError` when a
    ///   configured file cannot; `DatabaseError` when claiming fails.
    func run() async throws -> Outcome {
        let parts = try readyParts()
        let crew = parts.crew
        for failure in try crew.check.host.refresh() {
            context.logger.warning("geo_file_unreadable", metadata: [LogKey.detail: "\(failure)"])
        }
        tally.beginCycle(at: context.clock.now())
        publishTally.beginCycle()
        try await keepUp(parts)
        if let publisher = parts.publisher { try await run(crew, beside: publisher) } else { try await crew.run() }
        if !context.shutdown.isRequested {
            tally.compared(try await crew.store.findAliases(limit: Self.mostCompared))
        }
        var outcome = tally.cycle.outcome
        if parts.publisher != nil { outcome.metrics.merge(publishTally.metrics) { $1 } }
        return outcome
    }

    private func run(_ crew: MonitorCrew, beside publisher: Publisher) async throws {
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

    private func keepUp(_ parts: MonitorParts) async throws {
        let now = context.clock.now()
        if !context.isOnce, let keptUpAt, now - keptUpAt < Self.upkeepInterval { return }
        await parts.crew.hearDeltas()
        try await parts.publisher?.keepUp()
        keptUpAt = now
    }

    /// Made in the first cycle, because a certificate file that cannot be read is an error of a cycle.
    private func readyParts() throws -> MonitorParts {
        if let parts { return parts }
        let made = try maker.make()
        parts = made
        return made
    }
}
