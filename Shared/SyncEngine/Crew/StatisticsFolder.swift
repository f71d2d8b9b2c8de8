internal import Database
internal import Logging
internal import Metrics
public import ServiceKit
internal import Telemetry

/// Moves what batches queued for counting into the counters, on whichever replica holds the lease `statistics`, and
/// erases events of authors who asked to vanish (NIP-62), those that came back included.
///
/// The views count the queue too, so they are exact whether or not anybody folds; folding keeps them fast.
public final class StatisticsFolder: Sendable {
    /// Name of the single-active work.
    private static let work = "statistics"
    /// One transaction each: few enough to be short, many enough that counters are not rewritten for every row.
    private static let rowsPerCall: Int32 = 100
    /// Events erased in one transaction, which keeps batches waiting.
    private static let erasedPerCall: Int32 = 200
    /// Longer than any round; a replica that is killed in one is followed after this time.
    private static let ttl = Duration.seconds(60)
    /// A round ends by then, whatever is left, so that its lease cannot run out below it.
    private static let longestRound = Duration.seconds(30)
    private static let pause = Duration.seconds(5)

    private let context: ServiceContext
    private let pace: Pace

    /// A folder beside the work of this service.
    public init(_ context: ServiceContext) {
        self.context = context
        pace = Pace(Self.pause, context.clock)
    }

    /// Folds every few seconds until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            await foldIfDue()
            do { try await context.clock.sleep(for: Self.pause) } catch { return }
        }
    }

    /// Folds what is queued, unless that was done within the last seconds or another replica does it. An error of the
    /// database is logged; the queue waits.
    public func foldIfDue() async {
        guard pace.begin() else { return }
        do {
            try await fold()
        } catch is CancellationError {
            // The transaction was rolled back whole; the next round begins again.
        } catch {
            context.logger.warning(
                "statistics_not_folded",
                metadata: [LogKey.errorKind: "\(ErrorKind.name(of: error))", LogKey.error: "\(error)"])
        }
    }

    private func fold() async throws {
        let (brotr, owner) = (context.brotr, context.replica)
        guard let fence = try await brotr.claimServiceLease(Self.work, owner: owner, ttl: Self.ttl) else { return }
        let outcome = await rounds()
        // Not a child of this task: a cycle that ends cancels it, and the lease must still not stay held.
        let release = Task { try await brotr.releaseServiceLease(Self.work, owner: owner, fence: fence) }
        _ = try await release.value
        try outcome.get()
    }

    private func rounds() async -> Result<Void, any Error> {
        let end = context.clock.now() + Self.longestRound
        do {
            while context.clock.now() < end, !context.shutdown.isRequested,
                let folded = try await context.brotr.foldStatistics(rows: Self.rowsPerCall), folded > 0
            {
                Counter(label: "bigbrotr_statistics_rows_folded_total", factory: context.metrics)
                    .increment(by: folded)
            }
            try await erase(until: end)
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// One round over all who vanished, or as much of it as there is time for; the next goes on there.
    private func erase(until end: Duration) async throws {
        while context.clock.now() < end, !context.shutdown.isRequested,
            let erased = try await context.brotr.eraseVanished(events: Self.erasedPerCall)
        {
            guard erased > 0 else { continue }
            Counter(label: "bigbrotr_events_erased_total", factory: context.metrics).increment(by: erased)
            context.logger.info(
                "vanished_events_erased", metadata: [LogKey.count("events"): .stringConvertible(erased)])
        }
    }
}
