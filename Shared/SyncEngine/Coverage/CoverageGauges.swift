internal import Database
internal import Logging
internal import Metrics
internal import ServiceKit
internal import Telemetry

/// Says once a minute how complete the whole archive is, and how far behind. Every replica says the same.
final class CoverageGauges: Sendable {
    private static let interval = Duration.seconds(60)

    private let context: ServiceContext
    private let pace: Pace

    init(_ context: ServiceContext) {
        self.context = context
        pace = Pace(Self.interval, context.clock)
    }

    /// Measures until the task is cancelled. An error of the database is logged, and the old values stay.
    func run() async {
        while !Task.isCancelled {
            do { try await context.clock.sleep(pace.dueAt) } catch { return }
            guard pace.begin() else { continue }
            do {
                record(try await context.brotr.archiveCoverage())
            } catch is CancellationError {
                return
            } catch {
                context.logger.warning(
                    "coverage_not_measured",
                    metadata: [LogKey.errorKind: "\(ErrorKind.name(of: error))", LogKey.error: "\(error)"])
            }
        }
    }

    /// A state or reason that no interval has is 0, so that what is over does not stay.
    func record(_ coverage: ArchiveCoverage) {
        for state in CoverageState.allCases {
            let seconds = coverage.parts.filter { $0.state == state.rawValue }.reduce(0) { $0 + $1.seconds }
            set("bigbrotr_coverage_seconds", seconds, [("state", "\(state)")])
        }
        for reason in CoverageReason.allCases {
            let seconds = coverage.parts.filter { $0.reason == reason.rawValue }.reduce(0) { $0 + $1.seconds }
            set("bigbrotr_coverage_gap_seconds", seconds, [("reason", reason.word)])
        }
        let all = coverage.parts.reduce(0) { $0 + $1.seconds }
        let sealed = coverage.parts.filter { $0.state == CoverageState.sealed.rawValue }.reduce(0) { $0 + $1.seconds }
        set("bigbrotr_coverage_sealed_ratio", all > 0 ? sealed / all : 0, [])
        for relayClass in RelayClass.allCases {
            set("bigbrotr_relays", Double(coverage.relays[relayClass.rawValue] ?? 0), [("class", "\(relayClass)")])
        }
        guard let lag = coverage.lag else { return }
        set("bigbrotr_relay_lag_seconds", lag.median, [("quantile", "0.5")])
        set("bigbrotr_relay_lag_seconds", lag.p95, [("quantile", "0.95")])
    }

    private func set(_ label: String, _ value: Double, _ dimensions: [(String, String)]) {
        Meter(label: label, dimensions: dimensions, factory: context.metrics).set(value)
    }
}
