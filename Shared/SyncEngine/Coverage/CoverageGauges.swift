internal import Database
internal import Logging
internal import Metrics
internal import ServiceKit
internal import Synchronization
internal import Telemetry

/// Says once a minute how complete the whole archive is, and how far behind, on whichever replica holds the lease
/// `coverage`: the tables are read once, however many replicas there are. On the others the series are absent.
final class CoverageGauges: Sendable {
    /// Name of the single-active work.
    private static let work = "coverage"
    private static let interval = Duration.seconds(60)
    /// Who lives keeps the work; who is killed is followed after this time.
    private static let ttl = Duration.seconds(150)

    private let context: ServiceContext
    private let pace: Pace
    private let fence = Mutex<Int64?>(nil)
    private let meters = Mutex<[Meter]>([])

    init(_ context: ServiceContext) {
        self.context = context
        pace = Pace(Self.interval, context.clock)
    }

    /// Measures until the task is cancelled. An error of the database is logged, and the old values stay.
    func run() async {
        while !Task.isCancelled {
            do { try await context.clock.sleep(pace.dueAt) } catch { break }
            guard pace.begin() else { continue }
            do {
                try await measure()
            } catch is CancellationError {
                break
            } catch {
                context.logger.warning(
                    "coverage_not_measured",
                    metadata: [LogKey.errorKind: "\(ErrorKind.name(of: error))", LogKey.error: "\(error)"])
            }
        }
        await giveBack()
    }

    /// Measures where this replica has the work; elsewhere what it said before is taken back.
    func measure() async throws {
        if try await holdsWork() { record(try await context.brotr.archiveCoverage()) } else { forget() }
    }

    private func holdsWork() async throws -> Bool {
        let (brotr, owner) = (context.brotr, context.replica)
        if let held = fence.withLock({ $0 }),
            try await brotr.renewServiceLease(Self.work, owner: owner, fence: held, ttl: Self.ttl)
        {
            return true
        }
        let claimed = try await brotr.claimServiceLease(Self.work, owner: owner, ttl: Self.ttl)
        fence.withLock { $0 = claimed }
        return claimed != nil
    }

    /// Lets another replica measure.
    func giveBack() async {
        guard let held = fence.withLock({ $0 }) else { return }
        let (brotr, owner) = (context.brotr, context.replica)
        // Not a child of this task, which is cancelled: without it nobody would measure until the lease ends.
        let release = Task { try await brotr.releaseServiceLease(Self.work, owner: owner, fence: held) }
        do { _ = try await release.value } catch { context.logger.debug("lease_release_failed") }
        fence.withLock { $0 = nil }
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
        let meter = Meter(label: label, dimensions: dimensions, factory: context.metrics)
        meter.set(value)
        meters.withLock { meters in
            if !meters.contains(where: { $0.label == label && $0.isOf(dimensions) }) { meters.append(meter) }
        }
    }

    /// Another replica measures now: old values beside its own would be taken for true.
    private func forget() {
        let old = meters.withLock { meters in
            defer { meters = [] }
            return meters
        }
        for meter in old { meter.destroy() }
    }
}

extension Meter {
    fileprivate func isOf(_ dimensions: [(String, String)]) -> Bool {
        self.dimensions.elementsEqual(dimensions) { $0 == $1 }
    }
}
