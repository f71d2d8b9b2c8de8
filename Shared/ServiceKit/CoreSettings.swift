public import Database
public import Settings

/// core/brotr.yaml: what all seven services share.
public struct CoreSettings: SettingsSection {
    /// Where the database is and how many connections.
    public var pool = PoolSettings()
    /// How much one call may hold.
    public var batch = BatchSettings()
    /// Names of the stored functions.
    public var procedures = ProcedureNames()
    /// Deadlines of statements.
    public var timeouts = BrotrTimeouts()
    /// Where the files of the schema are.
    public var schema = SchemaSettings()
    /// How relays are reached.
    public var networks = NetworksSettings()
    /// What relays may send.
    public var limits = LimitsSettings()
    /// Whom TLS connections to relays trust.
    public var tls = TLSSection()
    /// The port that answers for the process.
    public var health = HealthSettings()
    /// How the process ends.
    public var shutdown = ShutdownSettings()
    /// What is logged and where to.
    public var logging = LoggingSettings()

    /// All defaults.
    public init() {}

    /// The part that Brotr takes.
    public var brotr: BrotrSettings {
        var settings = BrotrSettings()
        settings.pool = pool
        settings.batch = batch
        settings.procedures = procedures
        settings.timeouts = timeouts
        return settings
    }

    /// The variables that win over the file. Whoever names a proxy for Tor wants it used.
    public static let environment =
        PoolSettings.environment + [
            EnvironmentBinding("SOCKS5_PROXY_URL", "networks.tor.proxy"),
            EnvironmentBinding("SOCKS5_PROXY_URL", "networks.tor.enabled", value: "true"),
        ]
}

/// Section `schema`.
public struct SchemaSettings: SettingsSection {
    /// Folder with `init` and `migrations`, relative to the folder of the instance (deploy/bigbrotr).
    public var path = "../../postgres"

    /// All defaults.
    public init() {}

    /// Range.
    public func validate(into problems: inout Validation) { problems.check("path", text: path) }
}

/// Section `tls`. Verification is always on.
public struct TLSSection: SettingsSection {
    /// PEM file of certificate authorities beside the system's, relative to the folder of the instance; null for none.
    public var caFile: String?

    /// The system's authorities alone.
    public init() {}

    /// Range.
    public func validate(into problems: inout Validation) {
        if let caFile { problems.check("ca_file", text: caFile) }
    }
}

/// Section `health`: /healthz, /readyz and /metrics of one process.
public struct HealthSettings: SettingsSection {
    /// Address to listen on. 0.0.0.0 in containers; anything wider than loopback needs a firewall.
    public var host = "127.0.0.1"
    /// TCP port, 0 to 65,535; 0 switches it off. Each service on one host needs its own.
    public var port = 0
    /// How often database and schema are asked for. Too small: load; too large: readiness lags behind.
    public var checkInterval: Seconds = 5
    /// How long cycles may fail before the service counts as not ready. Too small: one bad cycle takes it out.
    public var failureLimit: Seconds = 60

    /// All defaults.
    public init() {}

    /// Ranges.
    public func validate(into problems: inout Validation) {
        problems.check("host", text: host, maxBytes: 255)
        problems.check("port", port, in: 0...65_535)
        problems.check("check_interval", checkInterval, in: 0.1...300)
        problems.check("failure_limit", failureLimit, in: 0...86_400)
    }
}

/// Section `health` of a service's own file: what it gives wins over the core file.
public struct ServiceHealthSettings: SettingsSection {
    /// Address to listen on; the core file's when absent.
    public var host: String?
    /// TCP port, 0 to 65,535, 0 switches it off; the core file's when absent.
    public var port: Int?

    /// Nothing of its own.
    public init() {}

    /// Ranges.
    public func validate(into problems: inout Validation) {
        if let host { problems.check("host", text: host, maxBytes: 255) }
        if let port { problems.check("port", port, in: 0...65_535) }
    }

    /// The core settings with what is given here.
    public func over(_ core: HealthSettings) -> HealthSettings {
        var health = core
        health.host = host ?? core.host
        health.port = port ?? core.port
        return health
    }
}

/// Section `shutdown`.
public struct ShutdownSettings: SettingsSection {
    /// From the signal to the end of the process. Too small: batches are rolled back; too large: restarts are slow, and
    /// a container's own patience must be longer.
    public var grace: Seconds = 10

    /// All defaults.
    public init() {}

    /// Range.
    public func validate(into problems: inout Validation) { problems.check("grace", grace, in: 0.5...300) }
}

/// Section `logging`.
public struct LoggingSettings: SettingsSection {
    /// Least severe level that is written. DEBUG writes a line a relay.
    public var level = LogLevel.info
    /// A file beside standard output, relative to the folder of the instance; opened again after a rotation.
    public var file: String?

    /// All defaults.
    public init() {}

    /// Range.
    public func validate(into problems: inout Validation) {
        if let file { problems.check("file", text: file) }
    }
}
