/// Names of log fields. The same key means the same thing and has the same type everywhere.
public enum LogKey {
    /// Name of the executable's service: "finder".
    public static let service = "service"
    /// Part of the service that speaks: "pool", "health_server".
    public static let component = "component"
    /// This process among its replicas, a UUID.
    public static let replica = "replica"
    /// Number of a cycle since the process started.
    public static let cycleID = "cycle_id"
    /// Canonical URL of a relay.
    public static let relay = "relay"
    /// Event id in hex.
    public static let eventID = "event_id"
    /// Kind of an event.
    public static let kind = "kind"
    /// Name of a statement, never its text.
    public static let query = "query"
    /// Name of a step of a cycle.
    public static let step = "step"
    /// Milliseconds, whole.
    public static let durationMS = "duration_ms"
    /// Milliseconds until the next try, whole.
    public static let delayMS = "delay_ms"
    /// Number of a try, from 1.
    public static let attempt = "attempt"
    /// Short stable name of an error, in snake_case.
    public static let errorKind = "error_kind"
    /// Text of an error, without values, keys or contents.
    public static let error = "error"
    /// Why something is as it is, in a few words.
    public static let reason = "reason"
    /// How a cycle ended: "success" or "failure".
    public static let outcome = "outcome"
    /// Network of a relay: "clearnet".
    public static let network = "network"
    /// Host name or address.
    public static let host = "host"
    /// TCP port.
    public static let port = "port"
    /// Path of a file.
    public static let file = "file"
    /// Version of the program or of the schema.
    public static let version = "version"
    /// Name of a signal: "SIGTERM".
    public static let signal = "signal"

    /// A number of things: `count("events")` is "count_events".
    public static func count(_ things: String) -> String { "count_" + things }
}
