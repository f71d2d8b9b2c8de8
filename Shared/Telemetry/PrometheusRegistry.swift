public import Metrics
import Synchronization

/// All metrics of a process, rendered in Prometheus' text format.
///
/// Counters, meters (gauges), recorders and timers of swift-metrics end here when they are made with this factory.
/// Timers are histograms in seconds. A metric keeps at most `maxSeries` combinations of label values; all further
/// ones are counted together under the label value "other".
public final class PrometheusRegistry: MetricsFactory {
    /// Combinations of label values of one metric that are kept apart.
    public static let maxSeries = 200
    /// Bounds of timers, in seconds.
    public static let secondsBounds = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
    ]
    /// Bounds of recorders, which count things or bytes.
    public static let sizeBounds: [Double] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000]

    private struct State {
        var families: [String: MetricFamily] = [:]
        var foldedSeries = 0.0
    }

    private let state = Mutex(State())

    /// An empty registry.
    public init() {}

    /// Gives a metric its help line, and the bounds of its histogram where the usual ones do not fit.
    public func describe(_ name: String, _ help: String, bounds: [Double]? = nil) {
        let name = MetricName.sanitised(name)
        state.withLock {
            $0.families[name, default: MetricFamily()].help = help
            if let bounds { $0.families[name, default: MetricFamily()].bounds = bounds.sorted() }
        }
    }

    /// A counter; the same name and labels give the same series.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter) { _ in CounterSeries() }
    }

    /// A counter of fractions; the same name and labels give the same series.
    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions, .counter) { _ in CounterSeries() }
    }

    /// A gauge.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge) { _ in GaugeSeries() }
    }

    /// A histogram when it aggregates, in seconds when its name says so; otherwise a gauge.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        if !aggregate { return series(label, dimensions, .gauge) { _ in GaugeSeries() } }
        let usual = label.hasSuffix("_seconds") ? Self.secondsBounds : Self.sizeBounds
        return series(label, dimensions, .histogram) { HistogramSeries(bounds: $0 ?? usual) }
    }

    /// A histogram in seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .histogram) { HistogramSeries(bounds: $0 ?? Self.secondsBounds) }
    }

    /// Series of counters and histograms stay: their totals are still true when nobody counts any more.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// Series stay.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    /// A gauge goes: its last value would go on as if it were true.
    public func destroyMeter(_ handler: any MeterHandler) {
        state.withLock { state in
            for name in state.families.keys {
                let left = state.families[name]?.series.filter { $0.value !== handler }
                state.families[name]?.series = left ?? [:]
            }
        }
    }
    /// Series stay.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Series stay.
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// All metrics in Prometheus' text format 0.0.4, sorted by name and labels.
    public func text() -> String {
        let (families, folded) = state.withLock { ($0.families, $0.foldedSeries) }
        var lines: [String] = []
        for (name, family) in families.sorted(by: { $0.key < $1.key }) { family.render(name, into: &lines) }
        if folded > 0 {
            lines.append("# TYPE \(MetricName.droppedSeries) counter")
            lines.append("\(MetricName.droppedSeries) \(PrometheusText.number(folded))")
        }
        return lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
    }

    /// The series of a name and labels. A name that already is of another type gives a series that is not shown:
    /// a mistake of ours must not stop a service.
    private func series<Series: AnyObject>(
        _ label: String, _ dimensions: [(String, String)], _ type: MetricFamily.Kind,
        make: ([Double]?) -> Series
    ) -> Series {
        let name = MetricName.sanitised(label)
        return state.withLock { state in
            var family = state.families[name] ?? MetricFamily()
            defer { state.families[name] = family }
            guard family.series.isEmpty || family.kind == type else { return make(nil) }
            family.kind = type
            var key = PrometheusText.labels(dimensions)
            if family.series[key] == nil, family.series.count >= Self.maxSeries {
                state.foldedSeries += 1
                key = PrometheusText.labels(dimensions.map { ($0.0, "other") })
            }
            if let known = family.series[key] as? Series { return known }
            let new = make(family.bounds)
            family.series[key] = new
            return new
        }
    }
}
