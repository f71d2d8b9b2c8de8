public import Logging
public import Metrics
public import Settings

/// The archive as the services see it: typed calls over a pool.
///
/// It has a pool and is not one: reads of a service's own go through `brotr.pool`.
public struct Brotr: Sendable {
    /// The connections.
    public let pool: Pool
    /// The settings it was made with.
    public let settings: BrotrSettings
    /// The calls of stored functions under their configured names.
    let calls: Calls

    /// Over a pool that exists.
    /// - Precondition: the procedure names are names (`ProcedureNames.isName`); settings from a file are checked.
    public init(pool: Pool, settings: BrotrSettings = BrotrSettings()) {
        precondition(settings.procedures.all.allSatisfy(ProcedureNames.isName), "a procedure name is no name")
        self.pool = pool
        self.settings = settings
        calls = Calls(settings.procedures)
    }

    /// With a pool of its own, from the settings of a file.
    public init(
        settings: BrotrSettings, password: Secret?, applicationName: String = "bigbrotr", logger: Logger,
        metrics: any MetricsFactory = MetricsSystem.factory
    ) {
        let pool = Pool(
            settings: settings.pool, password: password, applicationName: applicationName,
            statementTimeout: settings.timeouts.query.duration, logger: logger, metrics: metrics)
        self.init(pool: pool, settings: settings)
    }

    /// From a file in the shape of core/brotr.yaml; the sections of it that are not Brotr's are left out.
    /// - Parameter environment: `DB_HOST` and the others win over the file.
    /// - Throws: every problem of the file and of the variables.
    public init(
        file: String, environment: Environment = Environment([:]), password: Secret?,
        applicationName: String = "bigbrotr", logger: Logger
    ) throws(SettingsError) {
        let settings = try SettingsLoader.load(
            BrotrSettings.self, file: file, environment: environment, bindings: PoolSettings.environment,
            leftOut: BrotrSettings.otherSections)
        self.init(settings: settings, password: password, applicationName: applicationName, logger: logger)
    }

    /// From a dictionary in the shape of core/brotr.yaml.
    /// - Throws: every problem of the dictionary.
    public init(
        dictionary: [String: SettingsValue], password: Secret?, applicationName: String = "bigbrotr", logger: Logger
    ) throws(SettingsError) {
        let settings = try SettingsLoader.load(BrotrSettings.self, dictionary: dictionary, source: "brotr")
        self.init(settings: settings, password: password, applicationName: applicationName, logger: logger)
    }

    /// Runs the pool while the body runs, and closes it afterwards.
    @discardableResult
    public func withRunning<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async throws -> Result {
        try await pool.withRunning(body)
    }

    /// Every statement of this module with the given function names, for the test that prepares them.
    public static func statements(_ names: ProcedureNames = ProcedureNames()) -> [NamedStatement] {
        [
            ping, typeIdentifiers, schemaVersions, missingProcedures, relayDays, relayCoverage,
            relayBehaviour, relaySightings, matchingSightings, relayDayRange, storedEvents, notedPhantoms, notePhantoms,
            claimRelays, leavingRelays, renewLeases, releaseRelay, noteStanding, claimServiceLease,
            renewServiceLease, releaseServiceLease, heartbeat, shareWork, removeReplica,
            foldStatistics, eraseVanished, coverageParts, relayClasses, relayLag,
            loadServiceState, saveServiceState, addToServiceState, deleteOldStates,
        ] + Calls(names).all
    }

    /// The same with the usual names.
    public static var statements: [NamedStatement] { statements() }

    struct Calls: Sendable {
        let insertEvent, insertRelay, insertRelays, insertRelayMetadata: NamedStatement
        let deleteOrphanEvents, deleteOrphanNip11, deleteOrphanNip66: NamedStatement
        let knownEvents, commitPages: NamedStatement

        init(_ names: ProcedureNames) {
            insertEvent = Brotr.insertEvent(names)
            insertRelay = Brotr.insertRelay(names)
            insertRelays = Brotr.insertRelays(names)
            insertRelayMetadata = Brotr.insertRelayMetadata(names)
            deleteOrphanEvents = Brotr.deleteOrphans("events", names.deleteOrphanEvents)
            deleteOrphanNip11 = Brotr.deleteOrphans("nip11", names.deleteOrphanNip11)
            deleteOrphanNip66 = Brotr.deleteOrphans("nip66", names.deleteOrphanNip66)
            knownEvents = Brotr.knownEvents(names)
            commitPages = Brotr.commitPages(names)
        }

        var all: [NamedStatement] {
            [
                insertEvent, insertRelay, insertRelays, insertRelayMetadata, deleteOrphanEvents, deleteOrphanNip11,
                deleteOrphanNip66, knownEvents, commitPages,
            ]
        }
    }
}
