/// All series of one metric.
struct MetricFamily {
    enum Kind: String {
        case counter, gauge, histogram
    }

    var kind = Kind.gauge
    var help: String?
    var bounds: [Double]?
    /// By rendered labels.
    var series: [String: AnyObject] = [:]

    /// Appends the lines of the metric; none when nothing was ever counted.
    func render(_ name: String, into lines: inout [String]) {
        guard !series.isEmpty else { return }
        if let help { lines.append("# HELP \(name) \(PrometheusText.help(help))") }
        lines.append("# TYPE \(name) \(kind.rawValue)")
        for (labels, series) in series.sorted(by: { $0.key < $1.key }) {
            switch series {
            case let counter as CounterSeries:
                lines.append("\(name)\(PrometheusText.braces(labels)) \(PrometheusText.number(counter.current))")
            case let gauge as GaugeSeries:
                lines.append("\(name)\(PrometheusText.braces(labels)) \(PrometheusText.number(gauge.current))")
            case let histogram as HistogramSeries:
                render(name, labels, histogram, into: &lines)
            default: break
            }
        }
    }

    private func render(_ name: String, _ labels: String, _ histogram: HistogramSeries, into lines: inout [String]) {
        let state = histogram.current
        let rest = labels.isEmpty ? "" : labels + ","
        var total: UInt64 = 0
        for (bound, count) in zip(histogram.bounds, state.counts) {
            total += count
            lines.append("\(name)_bucket{\(rest)le=\"\(PrometheusText.number(bound))\"} \(total)")
        }
        total += state.counts.last ?? 0
        lines.append("\(name)_bucket{\(rest)le=\"+Inf\"} \(total)")
        lines.append("\(name)_sum\(PrometheusText.braces(labels)) \(PrometheusText.number(state.sum))")
        lines.append("\(name)_count\(PrometheusText.braces(labels)) \(total)")
    }
}

/// Pieces of Prometheus' text format.
enum PrometheusText {
    /// A label value is never longer; what is more is cut.
    static let maxLabelBytes = 128

    /// `a="1",b="2"`, sorted by name; of equal names the last one counts.
    static func labels(_ dimensions: [(String, String)]) -> String {
        let unique = Dictionary(dimensions.map { (MetricName.sanitisedLabel($0.0), $0.1) }) { $1 }
        let pairs = unique.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(escaped(cut($0.value)))\"" }
        return pairs.joined(separator: ",")
    }

    static func braces(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

    static func help(_ text: String) -> String {
        text.unicodeScalars.map { $0 == "\\" ? "\\\\" : $0 == "\n" ? "\\n" : "\($0)" }.joined()
    }

    /// Whole numbers without a point; NaN and infinities as Prometheus spells them.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if value == value.rounded(), value.magnitude < 1e15 { return String(Int64(value)) }
        return "\(value)"
    }

    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\\": "\\\\"
            case "\"": "\\\""
            case "\n": "\\n"
            default: String(scalar)
            }
        }.joined()
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > maxLabelBytes else { return text }
        var result = String.UnicodeScalarView()
        var bytes = 0
        for scalar in text.unicodeScalars {
            bytes += UTF8.width(scalar)
            if bytes > maxLabelBytes { break }
            result.append(scalar)
        }
        return String(result)
    }
}
