public import Logging
public import Metrics
public import Settings
import Synchronization

/// Connections to PostgreSQL that tasks share.
///
/// Works only inside `withRunning`, which always closes it. All decisions are `PoolStateMachine`'s: here its inputs are
/// given under a lock and its actions are carried out after the lock was left.
public final class Pool: Sendable {
    struct State {
        var machine: PoolStateMachine
        var connections: [PoolStateMachine.ConnectionID: PostgresConnection] = [:]
        var requests: [PoolStateMachine.RequestID: CheckedContinuation<PooledConnection, any Error>] = [:]
        var lastConnectError: DatabaseError?
        var namedTypes: NamedTypes?
    }

    /// Work for the task that runs the pool.
    enum Event: Sendable {
        case connect(PoolStateMachine.ConnectionID, PostgresConnection)
        case backOff(PoolStateMachine.ConnectionID, attempt: Int)
        case check(PoolStateMachine.ConnectionID, PostgresConnection)
        case close(PoolStateMachine.ConnectionID, PostgresConnection?)
        case wake(at: Duration)
        case abandonAfter(Duration)
    }

    /// The settings it was made with.
    public let settings: PoolSettings
    /// Deadline of a statement where the caller names none.
    public let statementTimeout: Duration
    let options: ConnectionOptions
    let logger: Logger
    let metrics: PoolMetrics
    let clock: PoolClock
    let randomness: @Sendable () -> Double
    let state: Mutex<State>
    let events: AsyncStream<Event>
    let eventSource: AsyncStream<Event>.Continuation

    /// How long `withRunning` waits at its end for connections that are still lent, twice: before what they run is
    /// stopped, and after.
    static let drainPatience = Duration.seconds(3)

    /// Directly, or from the settings of a file.
    /// - Parameters:
    ///   - password: from the environment; settings hold none.
    ///   - statementTimeout: deadline of a statement where the caller names none.
    ///   - randomness: numbers of 0 ..< 1 that spread the pauses between attempts.
    public init(
        settings: PoolSettings, password: Secret?, applicationName: String = "bigbrotr",
        statementTimeout: Duration = .seconds(60), logger: Logger, metrics: any MetricsFactory = MetricsSystem.factory,
        clock: PoolClock = PoolClock(ContinuousClock()),
        randomness: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
    ) {
        self.settings = settings
        self.statementTimeout = statementTimeout
        options = settings.options(password: password, applicationName: applicationName)
        self.logger = logger
        self.metrics = PoolMetrics(metrics)
        self.clock = clock
        self.randomness = randomness
        state = Mutex(State(machine: PoolStateMachine(settings.machine)))
        (events, eventSource) = AsyncStream.makeStream(of: Event.self)
    }

    /// From section `pool` of a file in the shape of core/brotr.yaml; its other sections are left out.
    /// - Parameter environment: `DB_HOST` and the others win over the file.
    /// - Throws: every problem of the section and of the variables.
    public convenience init(
        file: String, environment: Environment = Environment([:]), password: Secret?,
        applicationName: String = "bigbrotr", logger: Logger
    ) throws(SettingsError) {
        let settings = try SettingsLoader.load(
            PoolFile.self, file: file, environment: environment, bindings: PoolSettings.environment,
            leftOut: BrotrSettings.otherSections.union(BrotrSettings.sectionsBesidePool))
        self.init(settings: settings.pool, password: password, applicationName: applicationName, logger: logger)
    }

    /// From a dictionary in the shape of section `pool`.
    /// - Throws: every problem of the dictionary.
    public convenience init(
        dictionary: [String: SettingsValue], password: Secret?, applicationName: String = "bigbrotr", logger: Logger
    ) throws(SettingsError) {
        let settings = try SettingsLoader.load(PoolSettings.self, dictionary: dictionary, source: "pool")
        self.init(settings: settings, password: password, applicationName: applicationName, logger: logger)
    }

    /// Sizes at this moment.
    public var status: PoolStatus { state.withLock { PoolStatus($0.machine.counts) } }
}

/// core/brotr.yaml as far as a pool reads it.
private struct PoolFile: SettingsSection {
    var pool = PoolSettings()
}

/// Sizes of a pool at one moment.
public struct PoolStatus: Sendable, Equatable {
    /// Open connections.
    public var size: Int
    /// Open and free.
    public var idle: Int
    /// Lent.
    public var inUse: Int
    /// Callers in line.
    public var waiting: Int

    init(_ counts: PoolStateMachine.Counts) {
        (size, idle, inUse, waiting) = (counts.live, counts.idle, counts.leased, counts.waiting)
    }
}

/// A lent connection with its number in the pool.
struct PooledConnection: Sendable {
    let id: PoolStateMachine.ConnectionID
    let connection: PostgresConnection
}
