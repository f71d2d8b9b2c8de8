import Database
import Logging
import Nostr
import ServiceKit
import Settings
import Telemetry

/// Stores the relays of a seed file, batch by batch.
struct RelaySeeder: Sendable {
    /// Most bytes of a seed file; a million relays have about 40 MB.
    static let maxFileBytes = 256 << 20
    /// Bad lines that are named in the report; the others are in the debug log and in the counts.
    static let examples = 20
    /// Batches in flight. More would only wait for the server's processors.
    private static let batchesAtOnce = 4
    /// From one line about progress to the next.
    private static let progressPause = Duration.seconds(5)

    let retry: StepRetry
    let batchSize: Int

    /// What became of the lines.
    struct Report: Sendable, Equatable {
        /// Relays that were stored.
        var inserted = 0
        /// Relays that the archive had.
        var known = 0
        /// Further lines of a relay of the file.
        var duplicates = 0
        /// Lines left out, in order.
        var rejected: [RelayList.Rejected] = []
        /// Relays that the database refuses, by number.
        var refused = 0

        /// Adds what became of another batch.
        mutating func add(_ batch: Report) {
            inserted += batch.inserted
            known += batch.known
            refused += batch.refused
        }
    }

    private var context: ServiceContext { retry.context }

    /// Reads the file and stores what it names.
    /// - Throws: an unreadable file; `DatabaseError` after the retries; `CancellationError` at a shutdown.
    func seed(_ path: String) async throws -> Report {
        let bytes = try SchemaFolder.bytes(path, maxBytes: Self.maxFileBytes)
        let list = RelayList(lines: bytes, allowsLocal: context.core.networks.local.enabled)
        let said = Report(duplicates: list.duplicates, rejected: list.rejected)
        logRejected(said, path)
        var report = try await store(list.relays, at: UnixTime(seconds: LogTime.now().milliseconds / 1000))
        report.duplicates = said.duplicates
        report.rejected = said.rejected
        return report
    }

    /// Stores batch by batch, a few at once: their relays are distinct, so they do not wait for one another.
    private func store(_ relays: [RelayURL], at time: UnixTime) async throws -> Report {
        try await withThrowingTaskGroup(of: Report.self) { group in
            var report = Report()
            var lastWord = context.clock.now()
            for (number, start) in stride(from: 0, to: relays.count, by: batchSize).enumerated() {
                if number >= Self.batchesAtOnce, let done = try await group.next() { report.add(done) }
                guard !context.shutdown.isRequested else { throw CancellationError() }
                let batch = relays[start..<min(start + batchSize, relays.count)]
                group.addTask { try await store(batch.map { RelayRecord(url: $0, insertedAt: time) }) }
                guard context.clock.now() - lastWord >= Self.progressPause else { continue }
                lastWord = context.clock.now()
                logProgress(report.inserted + report.known + report.refused, of: relays.count)
            }
            for try await done in group { report.add(done) }
            return report
        }
    }

    /// A batch that fails by its data is halved until the relay that the database refuses stands alone.
    private func store(_ batch: [RelayRecord]) async throws -> Report {
        do {
            let stored = try await retry.run("seed_relays") { try await context.brotr.insertRelays(batch) }
            let new = stored.count(where: \.isNew)
            return Report(inserted: new, known: stored.count - new)
        } catch let error as DatabaseError where error.disposition == .skip {
            guard batch.count > 1 else {
                let url = batch.first?.url.text ?? ""
                context.logger.debug(
                    "seed_refused", metadata: [LogKey.relay: "\(url)", LogKey.errorKind: "\(error.kind.rawValue)"])
                return Report(refused: 1)
            }
            var report = try await store(Array(batch[..<(batch.count / 2)]))
            report.add(try await store(Array(batch[(batch.count / 2)...])))
            return report
        }
    }

    private func logProgress(_ done: Int, of all: Int) {
        let counts = [LogKey.count("relays"): done, LogKey.count("relays_in_file"): all]
        context.logger.info("seed_progress", metadata: counts.mapValues { .stringConvertible($0) })
    }

    private func logRejected(_ report: Report, _ path: String) {
        guard !report.rejected.isEmpty else { return }
        for item in report.rejected {
            context.logger.debug(
                "seed_line_rejected",
                metadata: [LogKey.line: .stringConvertible(item.place), LogKey.reason: "\(item.reason)"])
        }
        let reasons = RelayList.reasons(report.rejected).mapValues { Logger.MetadataValue.stringConvertible($0) }
        context.logger.warning(
            "seed_lines_rejected",
            metadata: [
                LogKey.file: "\(path)", LogKey.count("rejected"): .stringConvertible(report.rejected.count),
                LogKey.reasons: .dictionary(reasons), LogKey.lines: .array(report.lines.map { .string($0) }),
            ])
    }
}
