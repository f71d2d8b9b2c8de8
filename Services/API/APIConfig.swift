import ServiceKit
import Settings

/// `yaml/services/api.yaml`.
struct APIConfig: ServiceConfig {
    /// Where the API listens.
    var server = ServerSettings()
    /// From one look at the archive's age to the next.
    var interval: Seconds = 60
    /// Its own health port.
    var health: ServiceHealthSettings?

    var cyclePause: Duration { interval.duration }

    func validate(into problems: inout Validation) {
        problems.check("interval", interval, in: 0.1...3600)
        problems.require(
            health?.port != server.port, "health.port", given: String(server.port),
            allowed: "another port than server.port")
    }
}

/// Section `server`.
struct ServerSettings: SettingsSection {
    /// Address to listen on. Anything wider than loopback belongs behind a proxy that speaks TLS.
    var host = "127.0.0.1"
    /// TCP port, 1 to 65,535.
    var port = 8080

    func validate(into problems: inout Validation) {
        problems.check("host", text: host, maxBytes: 255)
        problems.check("port", port, in: 1...65_535)
    }
}
