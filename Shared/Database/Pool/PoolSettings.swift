public import Settings

/// Section `pool` of core/brotr.yaml: where the database is, how many connections, how patient.
public struct PoolSettings: SettingsSection {
    /// Where and as whom.
    public var database = DatabaseSettings()
    /// How many connections and how long they live.
    public var limits = PoolLimits()
    /// How long to wait.
    public var timeouts = PoolTimeouts()
    /// How often connecting is tried before those who wait are told.
    public var retry = RetrySettings()

    /// All defaults.
    public init() {}

    /// A pause between attempts that is longer than the patience of those who wait would make every wait end in a
    /// timeout instead of the reason.
    public func validate(into problems: inout Validation) {
        problems.require(
            retry.initialDelay <= timeouts.acquisition || retry.maxAttempts == 1, "retry.initial_delay",
            given: retry.initialDelay.settingText,
            allowed: "at most timeouts.acquisition (\(timeouts.acquisition.settingText))")
    }
}

/// Section `pool.database`. The password comes from the environment only.
public struct DatabaseSettings: SettingsSection {
    /// Name or address of PgBouncer; `DB_HOST` wins.
    public var host = "localhost"
    /// TCP port, 1 to 65,535; `DB_PORT` wins. PgBouncer usually listens on 6432.
    public var port = 5432
    /// Name of the database; `DB_NAME` wins.
    public var database = "brotr"
    /// Login; `DB_USER` wins.
    public var user = "admin"
    /// libpq's sslmode: how much TLS is insisted on.
    public var sslmode = SSLMode.prefer

    /// All defaults.
    public init() {}

    /// Ranges.
    public func validate(into problems: inout Validation) {
        problems.check("host", text: host, maxBytes: 255)
        problems.check("port", port, in: 1...65_535)
        problems.check("database", text: database, maxBytes: 63)
        problems.check("user", text: user, maxBytes: 63)
    }
}

/// Section `pool.limits`.
public struct PoolLimits: SettingsSection {
    /// Connections kept open when nothing happens, 0 to 1,000. Too large: servers hold idle processes.
    public var minSize = 5
    /// Connections at most, 1 to 1,000. Too small: work waits; too large: the server's limit is hit by one service.
    public var maxSize = 20
    /// Statements after which a connection is replaced, 1 to 10^9. Too small: time goes into logins.
    public var maxQueries = 50_000
    /// Idle time after which a connection is closed. Too small: logins; too large: stale connections after a failover.
    public var maxInactiveConnectionLifetime: Seconds = 300

    /// All defaults.
    public init() {}

    /// Ranges, and min_size not above max_size.
    public func validate(into problems: inout Validation) {
        problems.check("min_size", minSize, in: 0...1000)
        problems.check("max_size", maxSize, in: 1...1000)
        problems.check("max_queries", maxQueries, in: 1...1_000_000_000)
        problems.check("max_inactive_connection_lifetime", maxInactiveConnectionLifetime, in: 1...86_400)
        problems.require(
            minSize <= maxSize, "min_size", given: String(minSize), allowed: "at most max_size (\(maxSize))")
    }
}

/// Section `pool.timeouts`.
public struct PoolTimeouts: SettingsSection {
    /// How long a caller waits for a connection. Too small: bursts fail; too large: an outage is noticed late.
    public var acquisition: Seconds = 10
    /// How long an idle connection may take to give a sign of life before it is replaced.
    public var healthCheck: Seconds = 5

    /// All defaults.
    public init() {}

    /// Ranges.
    public func validate(into problems: inout Validation) {
        problems.check("acquisition", acquisition, in: 0.1...600)
        problems.check("health_check", healthCheck, in: 0.1...60)
    }
}

extension PoolSettings {
    /// The variables that win over the file, with the keys from the root of core/brotr.yaml.
    public static let environment = [
        EnvironmentBinding("DB_HOST", "pool.database.host"), EnvironmentBinding("DB_PORT", "pool.database.port"),
        EnvironmentBinding("DB_NAME", "pool.database.database"), EnvironmentBinding("DB_USER", "pool.database.user"),
    ]

    /// The options of each connection.
    public func options(password: Secret?, applicationName: String) -> ConnectionOptions {
        var options = ConnectionOptions()
        options.host = database.host
        options.port = database.port
        options.database = database.database
        options.user = database.user
        options.sslmode = database.sslmode
        options.password = password
        options.applicationName = applicationName
        options.connectTimeout = timeouts.acquisition.duration
        return options
    }

    var machine: PoolStateMachine.Configuration {
        var configuration = PoolStateMachine.Configuration()
        configuration.minSize = limits.minSize
        configuration.maxSize = limits.maxSize
        configuration.maxQueries = limits.maxQueries
        configuration.idleLifetime = limits.maxInactiveConnectionLifetime.duration
        configuration.acquisitionTimeout = timeouts.acquisition.duration
        configuration.maxAttempts = retry.maxAttempts
        return configuration
    }
}
