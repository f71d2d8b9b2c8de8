internal import Database
internal import Logging
public import Settings
internal import Telemetry

/// A service: one unit of work that is repeated. Cycles take no input, read the database anew and may run twice.
public protocol BaseService<State>: Actor {
    /// What it remembers.
    associatedtype State: ServiceState
    /// Its own settings.
    associatedtype Config: ServiceConfig

    /// In snake_case: "priority_synchronizer". Names its files, its row in `service_state` and its log lines.
    static var serviceName: String { get }
    /// True for work that is done once and then ends the process.
    static var runsOnce: Bool { get }
    /// False for the service that makes the schema, which cannot wait for it.
    static var needsSchema: Bool { get }
    /// False for a service whose role may not write; then nothing is loaded or saved.
    static var keepsState: Bool { get }

    /// Made from settings and what it depends on; does nothing yet.
    init(config: Config, context: ServiceContext)

    /// What it depends on.
    nonisolated var context: ServiceContext { get }
    /// What it remembers; saved after each cycle.
    var state: State { get set }
    /// Row of `service_state`; a service whose replicas each have a state adds its replica.
    nonisolated var stateName: String { get }

    /// One cycle. Ends soon after `context.shutdown` is requested or the task is cancelled.
    /// - Throws: whatever went wrong; only the loop around it catches everything.
    func run() async throws -> Outcome

    /// Brings to an end what goes on from one cycle to the next, after the last one. Ends soon after the task is
    /// cancelled.
    func end() async

    /// What speaks for or against its readiness beyond database, schema and cycles.
    func healthCheck() async -> HealthReport
}

extension BaseService {
    /// Repeated.
    public static var runsOnce: Bool { false }
    /// Waits for the schema.
    public static var needsSchema: Bool { true }
    /// Remembers.
    public static var keepsState: Bool { true }
    /// The service's name.
    public nonisolated var stateName: String { Self.serviceName }
    /// Nothing goes on.
    public func end() async {}
    /// Nothing speaks against it.
    public func healthCheck() async -> HealthReport { HealthReport() }

    /// With the settings of its YAML file.
    /// - Throws: every problem of the file.
    public init(file: String, context: ServiceContext) throws(SettingsError) {
        self.init(config: try SettingsLoader.load(Config.self, file: file), context: context)
    }

    /// With the settings of a dictionary in the shape of its YAML file.
    /// - Throws: every problem of the dictionary.
    public init(dictionary: [String: SettingsValue], context: ServiceContext) throws(SettingsError) {
        let config = try SettingsLoader.load(Config.self, dictionary: dictionary, source: Self.serviceName)
        self.init(config: config, context: context)
    }

    /// Name of the executable: "bigbrotr-priority-synchronizer".
    public static var productName: String {
        "bigbrotr-" + serviceName.map { $0 == "_" ? "-" : String($0) }.joined()
    }

    /// Replaces the state by the saved one. One that cannot be read is reported and left for a fresh one.
    /// - Throws: `DatabaseError` when the database cannot be asked.
    public func loadState() async throws {
        guard Self.keepsState, let saved = try await context.brotr.loadServiceState(name: stateName) else { return }
        do { state = try State(json: saved.json) } catch {
            context.logger.error(
                "state_unreadable",
                metadata: [LogKey.errorKind: "state_unreadable", LogKey.reason: "the cycle starts from a fresh state"])
        }
    }

    /// Saves the state.
    /// - Throws: `DatabaseError`.
    public func saveState() async throws {
        guard Self.keepsState else { return }
        try await context.brotr.saveServiceState(name: stateName, json: try state.json())
    }

    /// Gets ready for the first cycle: loads the state, and deletes what replicas of long ago left behind.
    /// - Throws: `DatabaseError` when the database cannot be asked.
    public func start() async throws {
        try await loadState()
        try await deleteOldStates()
    }

    /// Each process is a new replica: where each has a state, every start would leave another row for ever.
    private func deleteOldStates() async throws {
        guard Self.keepsState, stateName != Self.serviceName else { return }
        let deleted = try await context.brotr.deleteOldStates(service: Self.serviceName, keeping: stateName)
        guard deleted > 0 else { return }
        context.logger.info("old_states_deleted", metadata: [LogKey.count("states"): .stringConvertible(deleted)])
    }

    /// Connects to the database and starts while the body runs; stops and disconnects however the body ends. For
    /// programs that run cycles of their own; the executables have `ServiceMain`. Once in a service's life.
    @discardableResult
    public func withRunning<Result: Sendable>(
        _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        try await context.brotr.withRunning {
            let result: Result
            do {
                try await start()
                result = try await body()
            } catch {
                stop()
                await end()
                throw error
            }
            stop()
            await end()
            return result
        }
    }

    /// Asks for the end: the cycle in hand finishes, no other begins.
    public nonisolated func stop() { context.shutdown.request() }
}
