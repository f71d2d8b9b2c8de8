public import Settings

/// The settings of one service, its own YAML file.
public protocol ServiceConfig: SettingsSection {
    /// What it says about its health port; nil leaves everything to the core file.
    var health: ServiceHealthSettings? { get }
    /// From the end of a successful cycle to the start of the next.
    var cyclePause: Duration { get }
    /// From one sign of life in `service_replicas` to the next.
    var heartbeat: Duration { get }
    /// A level of its own, which wins over the core file; nil leaves it to the core file.
    var logLevel: LogLevel? { get }
    /// Secrets that these settings make necessary, beyond `DB_PASSWORD`: names of variables.
    var requiredSecrets: [String] { get }
}

extension ServiceConfig {
    /// Nothing of its own.
    public var health: ServiceHealthSettings? { nil }
    /// 20 seconds.
    public var heartbeat: Duration { .seconds(20) }
    /// The core file's.
    public var logLevel: LogLevel? { nil }
    /// None.
    public var requiredSecrets: [String] { [] }
}
