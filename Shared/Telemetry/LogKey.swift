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
    /// Number of a relay in the database, where it has no URL to be named by.
    public static let relayID = "relay_id"
    /// What a lease is for: the number of a relay, or the name of single-active work; a text.
    public static let lease = "lease"
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
    /// Texts of the first few errors of a cycle, a list.
    public static let errors = "errors"
    /// Why something is as it is, in a few words.
    public static let reason = "reason"
    /// How often each reason occurred, an object of numbers.
    public static let reasons = "reasons"
    /// What was done, a sentence for people.
    public static let detail = "detail"
    /// How a cycle ended: "success" or "failure".
    public static let outcome = "outcome"
    /// Network of a relay: "clearnet".
    public static let network = "network"
    /// Where relay URLs come from: the URL of an API, "events".
    public static let source = "source"
    /// Host name or address.
    public static let host = "host"
    /// TCP port.
    public static let port = "port"
    /// Path of a file.
    public static let file = "file"
    /// Number of a line of a file, from 1.
    public static let line = "line"
    /// Lines of a file with what is wrong with them, a list.
    public static let lines = "lines"
    /// Version of the program.
    public static let version = "version"
    /// Newest migration of the database, a number.
    public static let schemaVersion = "schema_version"
    /// Name of the database.
    public static let database = "database"
    /// Login at the database.
    public static let user = "user"
    /// What was made, a list of names.
    public static let created = "created"
    /// What was renewed, a list of names.
    public static let renewed = "renewed"
    /// Whether the process runs one cycle only, true or false.
    public static let once = "once"
    /// Exit status of the process, a number.
    public static let status = "status"
    /// Name of a signal: "SIGTERM".
    public static let signal = "signal"

    /// A number of things: `count("events")` is "count_events".
    public static func count(_ things: String) -> String { "count_" + things }
}
