import Database
import Logging
import Net
import Nostr
import ServiceKit
import Settings
import Telemetry

/// Asks the configured APIs for their lists, one after the other, and stores the relays they name.
///
/// What a list names and the word that it was read are one transaction: whatever ends the process, nothing is lost and
/// no list counts twice. An API that fails is a state, a count and a log line; it stops no other.
struct APISources: CandidateSource {
    let name = "api"

    private let context: ServiceContext
    private let store: FinderStore
    private let settings: DirectorySettings
    private let insertBatchSize: Int
    private let metrics: FinderMetrics

    /// The sources of the settings.
    init(_ context: ServiceContext, _ store: FinderStore, _ config: FinderConfig) {
        self.context = context
        self.store = store
        settings = config.api
        insertBatchSize = config.insertBatchSize
        metrics = FinderMetrics(registry: context.metrics)
    }

    /// What stays the same for one run.
    private struct Round {
        let reader: APISourceReader
        let lease: FinderLease
        /// The database's time when the run began, and ours.
        let begin: (unixSeconds: Int64, clock: Duration)
        var states: APISourceStates
        var texts: RelayMentionReader
    }

    /// A list on its way into the database.
    private struct Saving {
        let source: DirectorySource
        let digest: String
        var report: SourceReport
    }

    func run(under lease: FinderLease) async throws -> SourceReport {
        let clock = context.clock.now()
        let (states, now) = try await store.sources(context.logger)
        let due = settings.sources.filter { $0.enabled && APISourcePlan.isDue(states[$0.url], now: now) }
        guard !due.isEmpty else { return SourceReport() }
        // A thread for as long as it is needed, and none that outlives the run.
        let networks = context.core.networks
        let fetcher = try HTTPFetcher(
            guard: AddressGuard(allowsLocal: networks.local.enabled),
            tls: TLSSettings(caFile: context.core.tls.caFile.map(context.path)), mostTransfers: 1)
        var round = Round(
            reader: APISourceReader(networks: networks, limits: context.core.limits) {
                request async throws(FetchError) in try await fetcher.fetch(request)
            },
            lease: lease, begin: (now, clock), states: states,
            texts: RelayMentionReader(allowsLocal: networks.local.enabled))
        let result: Result<SourceReport, any Error>
        do { result = .success(try await ask(due, &round)) } catch { result = .failure(error) }
        await fetcher.close()
        return try result.get()
    }

    private func ask(_ sources: [DirectorySource], _ round: inout Round) async throws -> SourceReport {
        var report = SourceReport()
        for (number, source) in sources.enumerated() {
            if number > 0 {
                await context.shutdown.pause(for: settings.requestDelay.duration, clock: context.clock)
            }
            try Task.checkCancellation()
            guard !context.shutdown.isRequested else { break }
            try await round.lease.renewIfDue()
            guard let result = try await request(source, round) else { break }
            try await round.lease.renewIfDue()
            let before = round.states[source.url]
            let part = try await save(result, source, &round)
            tell(result, part, source, before)
            report.add(part)
        }
        return report
    }

    /// One request; nil when the end of the service came first.
    private func request(_ source: DirectorySource, _ round: Round) async throws -> APISourceResult? {
        let elapsed = context.clock.now() - round.begin.clock
        let (reader, state) = (round.reader, round.states[source.url])
        let now = round.begin.unixSeconds + elapsed.components.seconds
        let shutdown = context.shutdown
        return try await withThrowingTaskGroup(of: APISourceResult?.self) { group in
            group.addTask { try await reader.ask(source, state, now: now) }
            group.addTask {
                await shutdown.wait()
                return nil
            }
            defer { group.cancelAll() }
            let first = try await group.next() ?? nil
            // Both of them end when we are cancelled.
            try Task.checkCancellation()
            return first
        }
    }

    /// Stores what a list names, in parts of `insert_batch_size` relays; the last one with the word that it was read.
    private func save(
        _ result: APISourceResult, _ source: DirectorySource, _ round: inout Round
    ) async throws -> SourceReport {
        let list = ListedRelays(result.urls, &round.texts)
        var saving = Saving(source: source, digest: result.digest, report: list.report(slot: source.shape.rawValue))
        saving.report.read = result.urls.count + result.skipped
        if result.skipped > 0 { saving.report.rejected["no_text", default: 0] += result.skipped }
        if result.isFailure { saving.report.errors = ["\(source.name): \(result.outcome)"] }
        let entries = list.entries
        var start = min(APISourcePlan.done(round.states[source.url], digest: result.digest), entries.count)
        repeat {
            let end = min(start + insertBatchSize, entries.count)
            let state = end == entries.count ? result.state : halfWay(end, saving, round)
            try await round.lease.renewIfDue()
            try await save(entries[start..<end], state, &saving, &round)
            start = end
        } while start < entries.count
        return saving.report
    }

    /// Stores a part together with a state. A part that fails by its data is halved until the relay that the database
    /// refuses stands alone; that one is left out.
    private func save(
        _ part: ArraySlice<ListedRelays.Entry>, _ state: APISourceState, _ saving: inout Saving, _ round: inout Round
    ) async throws {
        do {
            saving.report.found += try await commit(part, state, saving.source, &round)
        } catch let error as DatabaseError where error.disposition == .skip && !part.isEmpty {
            guard part.count > 1 else {
                saving.report.refused += 1
                context.logger.warning(
                    "candidates_refused",
                    metadata: [LogKey.errorKind: "\(error.kind.rawValue)", LogKey.source: "\(saving.source.name)"])
                _ = try await commit([], state, saving.source, &round)
                return
            }
            let middle = part.startIndex + part.count / 2
            try await save(part[..<middle], halfWay(middle, saving, round), &saving, &round)
            try await save(part[middle...], state, &saving, &round)
        }
    }

    private func halfWay(_ done: Int, _ saving: Saving, _ round: Round) -> APISourceState {
        APISourcePlan.halfWay(round.states[saving.source.url], digest: saving.digest, done: done)
    }

    /// Memory follows the transaction, never the other way round.
    private func commit(
        _ part: ArraySlice<ListedRelays.Entry>, _ state: APISourceState, _ source: DirectorySource,
        _ round: inout Round
    ) async throws -> Int {
        var batch = CandidateBatch()
        for entry in part { batch.add(entry, slot: source.shape.rawValue) }
        var next = round.states
        next.sources = APISourcePlan.merged(next.sources, state, sources: settings.sources.map(\.url))
        next.lastRunAt = state.lastTriedAt ?? next.lastRunAt
        let found = try await store.commit(
            batch, source: source.name, states: next, owner: round.lease.owner, fence: round.lease.fence)
        round.states = next
        return found
    }

    /// Counts each request; logs where something is not as it was.
    private func tell(
        _ result: APISourceResult, _ report: SourceReport, _ source: DirectorySource, _ before: APISourceState
    ) {
        metrics.asked(source.name, result, report)
        report.logRejected(source: source.name, context.logger)
        let fields: Logger.Metadata = [
            LogKey.source: .string(source.name), LogKey.outcome: .string(result.outcome),
            LogKey.count("urls"): .stringConvertible(result.urls.count),
            LogKey.count("relays_found"): .stringConvertible(report.found),
        ]
        let isNews = result.state.lastError != before.lastError || report.found > 0
        if isNews, result.isFailure {
            context.logger.warning("source_failed", metadata: fields)
        } else {
            context.logger.log(level: isNews ? .info : .debug, "source_asked", metadata: fields)
        }
    }
}
