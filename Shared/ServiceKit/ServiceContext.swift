public import Database
public import Logging
public import Settings
public import Telemetry

/// What every service is given: it reaches for nothing itself.
public struct ServiceContext: Sendable {
    /// The archive.
    public var brotr: Brotr
    /// core/brotr.yaml.
    public var core: CoreSettings
    /// The service's own logger; `logger.component("x")` for its parts.
    public var logger: Logger
    /// Where metrics are made: `Counter(label:dimensions:factory: context.metrics)`.
    public var metrics: PrometheusRegistry
    /// For waits and deadlines.
    public var clock: MonotonicClock
    /// Numbers of 0 ..< 1.
    public var randomness: @Sendable () -> Double
    /// The variables of the process.
    public var environment: Environment
    /// Requested when the service shall come to its end.
    public var shutdown: ShutdownSignal
    /// This process among its replicas, new at every start.
    public var replica: ReplicaID
    /// Folder that relative paths of settings start from: the one that holds `yaml/`.
    public var instanceFolder: String
    /// True when one cycle is all there is (`--once`): work that would last as long as the process is left out.
    public var isOnce: Bool

    /// Direct form.
    public init(
        brotr: Brotr, core: CoreSettings = CoreSettings(), logger: Logger, metrics: PrometheusRegistry = .init(),
        clock: MonotonicClock = MonotonicClock(ContinuousClock()),
        randomness: @escaping @Sendable () -> Double = { .random(in: 0..<1) }, environment: Environment = .init([:]),
        shutdown: ShutdownSignal = ShutdownSignal(), replica: ReplicaID = .random(), instanceFolder: String = ".",
        isOnce: Bool = false
    ) {
        self.brotr = brotr
        self.core = core
        self.logger = logger
        self.metrics = metrics
        self.clock = clock
        self.randomness = randomness
        self.environment = environment
        self.shutdown = shutdown
        self.replica = replica
        self.instanceFolder = instanceFolder
        self.isOnce = isOnce
    }

    /// The path that a setting means: absolute ones as they are, others below the folder of the instance.
    public func path(_ setting: String) -> String { InstanceFolder.path(setting, below: instanceFolder) }
}

/// Where relative paths of settings start.
public enum InstanceFolder {
    /// The folder that holds `yaml/services/<file>`; for a file that stands elsewhere the folder of the file itself.
    public static func of(configFile: String) -> String {
        var parts = configFile.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        if parts.suffix(2) == ["yaml", "services"] { parts = parts.dropLast(2) }
        if parts.isEmpty { return "." }
        return parts == [""] ? "/" : parts.joined(separator: "/")
    }

    /// The path that a setting means.
    public static func path(_ setting: String, below folder: String) -> String {
        if setting.hasPrefix("/") { return setting }
        return folder == "/" ? "/" + setting : "\(folder)/\(setting)"
    }
}
