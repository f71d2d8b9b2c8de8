/// Names of metrics that every service has, and the words of their labels.
public enum MetricName {
    /// Histogram: seconds one cycle took.
    public static let cycleDuration = "bigbrotr_cycle_duration_seconds"
    /// Counter, label `outcome`: cycles that ended.
    public static let cycles = "bigbrotr_cycles_total"
    /// Counter, label `kind`: errors by their short name.
    public static let errors = "bigbrotr_errors_total"
    /// Gauge: 1 when the service is ready, otherwise 0.
    public static let ready = "bigbrotr_ready"
    /// Counter: series that were folded into one because a metric had too many.
    public static let droppedSeries = "bigbrotr_metrics_series_folded_total"

    /// Gives the metrics of every service their help lines.
    public static func describe(in registry: PrometheusRegistry) {
        registry.describe(cycleDuration, "Time one cycle took.")
        registry.describe(cycles, "Cycles that ended, by outcome.")
        registry.describe(errors, "Errors, by kind.")
        registry.describe(ready, "1 when the service is ready.")
    }

    /// A name as Prometheus allows it: letters, digits, underscores and colons, no digit first.
    static func sanitised(_ name: String) -> String { sanitised(name, allowsColon: true) }

    /// The name of a label: as `sanitised`, without colons.
    static func sanitisedLabel(_ name: String) -> String { sanitised(name, allowsColon: false) }

    private static func sanitised(_ name: String, allowsColon: Bool) -> String {
        let letters = name.utf8.map { byte -> UInt8 in
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "_"): byte
            case UInt8(ascii: ":") where allowsColon: byte
            default: UInt8(ascii: "_")
            }
        }
        let text = String(decoding: letters, as: UTF8.self)
        guard let first = letters.first else { return "_" }
        return (48...57).contains(first) ? "_" + text : text
    }
}
