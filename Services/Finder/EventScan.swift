import Crypto
import Database
import Logging
import Nostr
import ServiceKit
import Settings
import Telemetry

/// Reads archived events in the order of storing, each once, and stores the relays they name.
///
/// Relays and watermark are one transaction: whatever ends the process, nothing is lost and nothing counts twice.
struct EventScan: CandidateSource {
    let name = "event_scan"

    private let context: ServiceContext
    private let store: FinderStore
    private let config: FinderConfig
    private let metrics: FinderMetrics

    /// A scan by the settings of the Finder.
    init(_ context: ServiceContext, _ store: FinderStore, _ config: FinderConfig) {
        self.context = context
        self.store = store
        self.config = config
        metrics = FinderMetrics(registry: context.metrics)
    }

    /// One event and the relays it names.
    private struct Reading {
        var position: ScanPosition
        var author: Int64?
        var mentions: [RelayMentions.Mention]
        /// Whose name is to be looked up.
        var name: FinderStore.NamedAuthor?
    }

    func run(under lease: FinderLease) async throws -> SourceReport {
        var report = SourceReport()
        var reader = RelayMentionReader(allowsLocal: context.core.networks.local.enabled)
        var position = try await store.position().position
        var told = 0
        let most = config.eventScan.maxEventsPerCycle
        while report.read < most, !context.shutdown.isRequested {
            try Task.checkCancellation()
            try await lease.renewIfDue()
            let limit = min(config.eventScan.batchSize, most - report.read)
            let events = try await store.events(after: position, limit: limit)
            guard let last = events.last else { break }
            var batch = SourceReport()
            let readings = events.map { read($0, &reader, &batch) }
            for part in parts(of: readings) { position = try await save(part, from: position, lease, &batch) }
            report.add(batch)
            metrics.scanned(batch, upTo: last.committedAt)
            if config.logging.logProgress, report.read - told >= config.logging.progressInterval {
                told = report.read
                logProgress(report)
            }
        }
        report.logRejected(source: FinderStore.events, context.logger)
        return report
    }

    private func read(
        _ event: ArchivedEvent, _ reader: inout RelayMentionReader, _ report: inout SourceReport
    ) -> Reading {
        report.read += 1
        guard let body = event.body else { return Reading(position: event.position, mentions: []) }
        let mentions = reader.read(kind: body.kind, tags: body.tags, content: body.content)
        report.mentions += mentions.found.count
        for mention in mentions.found { report.places[mention.slot.rawValue, default: 0] += 1 }
        report.rejected.merge(mentions.rejected, uniquingKeysWith: +)
        return Reading(
            position: event.position, author: body.author, mentions: mentions.found, name: name(in: body))
    }

    private func name(in body: ArchivedEvent.Body) -> FinderStore.NamedAuthor? {
        guard config.nip05.enabled, body.kind == 0, let author = Bytes32(body.pubkey),
            let name = NIP05Name(profile: body.content)
        else { return nil }
        return FinderStore.NamedAuthor(author: author, name: name)
    }

    /// Cuts where a call would hold more than `insert_batch_size` relays, between events.
    private func parts(of readings: [Reading]) -> [[Reading]] {
        var parts: [[Reading]] = []
        var part: [Reading] = []
        var relays: Set<RelayURL> = []
        for reading in readings {
            let more = Set(reading.mentions.map(\.url)).subtracting(relays)
            if !part.isEmpty, relays.count + more.count > config.insertBatchSize {
                parts.append(part)
                (part, relays) = ([], [])
            }
            part.append(reading)
            relays.formUnion(reading.mentions.map(\.url))
        }
        if !part.isEmpty { parts.append(part) }
        return parts
    }

    /// Stores a part and the watermark behind it. A part that fails by its data is halved until the event that the
    /// database refuses stands alone; the watermark goes over it.
    /// - Returns: where the watermark stands.
    private func save(
        _ part: [Reading], from: ScanPosition, _ lease: FinderLease, _ report: inout SourceReport
    ) async throws -> ScanPosition {
        guard let last = part.last else { return from }
        do {
            report.found += try await commit(part, from, last.position, lease)
            return last.position
        } catch let error as DatabaseError where error.disposition == .skip {
            guard part.count > 1 else {
                report.refused += last.mentions.count
                context.logger.warning("candidates_refused", metadata: [LogKey.errorKind: "\(error.kind.rawValue)"])
                _ = try await commit([], from, last.position, lease)
                return last.position
            }
            let half = part.count / 2
            let middle = try await save(Array(part[..<half]), from: from, lease, &report)
            return try await save(Array(part[half...]), from: middle, lease, &report)
        }
    }

    private func commit(
        _ part: [Reading], _ from: ScanPosition, _ to: ScanPosition, _ lease: FinderLease
    ) async throws -> Int {
        var batch = CandidateBatch()
        for reading in part { batch.add(reading.mentions, author: reading.author) }
        return try await store.commit(
            batch, names: part.compactMap(\.name), move: (from, to), owner: lease.owner, fence: lease.fence)
    }

    private func logProgress(_ report: SourceReport) {
        let counts = [
            LogKey.count("events"): report.read, LogKey.count("mentions"): report.mentions,
            LogKey.count("relays_found"): report.found,
        ]
        context.logger.info("scan_progress", metadata: counts.mapValues { .stringConvertible($0) })
    }
}
