import Crypto
import Database
import Logging
import Net
import Nostr
import ServiceKit
import Settings
import Telemetry

/// Looks up the names of archived profiles and takes the relays that the documents list for their authors (NIP-05).
///
/// One name a domain and cycle: a provider with a hundred thousand names is asked no more often than a person's own.
struct NIP05Names: CandidateSource {
    let name = "nip05"

    private let context: ServiceContext
    private let store: FinderStore
    private let settings: NIP05Settings
    private let metrics: FinderMetrics

    init(_ context: ServiceContext, _ store: FinderStore, _ config: FinderConfig) {
        self.context = context
        self.store = store
        settings = config.nip05
        metrics = FinderMetrics(registry: context.metrics)
    }

    func run(under lease: FinderLease) async throws -> SourceReport {
        // Where the last cycle began does not matter: whoever is due stays due until it was asked.
        let start = String(UnicodeScalar(UInt8.random(in: UInt8(ascii: "0")...UInt8(ascii: "z"))))
        let due = try await store.dueNames(limit: settings.maxLookupsPerCycle, after: start)
        let networks = context.core.networks
        let allowed = due.filter { networks.local.enabled || $0.name.network != .local }
        guard !allowed.isEmpty else { return SourceReport() }
        let fetcher = try HTTPFetcher(
            guard: AddressGuard(allowsLocal: networks.local.enabled),
            tls: TLSSettings(caFile: context.core.tls.caFile.map(context.path)), mostTransfers: settings.concurrency)
        let lookup = NIP05Lookup(
            networks: networks, limits: context.core.limits, timeout: settings.timeout.duration
        ) {
            request async throws(FetchError) in try await fetcher.fetch(request)
        }
        let result: Result<SourceReport, any Error>
        do { result = .success(try await ask(allowed, lookup, lease)) } catch { result = .failure(error) }
        await fetcher.close()
        return try result.get()
    }

    /// A few at once; each answer is stored before the next request begins.
    private func ask(
        _ due: [FinderStore.NamedAuthor], _ lookup: NIP05Lookup, _ lease: FinderLease
    ) async throws -> SourceReport {
        var report = SourceReport()
        var texts = RelayMentionReader(allowsLocal: context.core.networks.local.enabled)
        try await withThrowingTaskGroup(of: (FinderStore.NamedAuthor, NIP05Lookup.Result).self) { group in
            for (number, named) in due.enumerated() {
                if number >= settings.concurrency, let (asked, result) = try await group.next() {
                    report.add(try await save(result, asked, &texts, lease))
                }
                guard !context.shutdown.isRequested else { return group.cancelAll() }
                group.addTask { (named, try await lookup.ask(named)) }
            }
            while let (asked, result) = try await group.next() {
                report.add(try await save(result, asked, &texts, lease))
            }
        }
        report.logRejected(source: name, context.logger)
        return report
    }

    private func save(
        _ result: NIP05Lookup.Result, _ named: FinderStore.NamedAuthor, _ texts: inout RelayMentionReader,
        _ lease: FinderLease
    ) async throws -> SourceReport {
        let list = ListedRelays(result.relays, &texts)
        var report = list.report(slot: RelaySlot.nip05.rawValue)
        report.read = 1
        let mentions = list.entries.flatMap { entry in
            entry.spellings.map { RelayMentions.Mention(url: entry.url, spelling: $0, slot: .nip05) }
        }
        var batch = CandidateBatch()
        batch.add(mentions, author: named.author.bytes.prefix(8).reduce(0) { $0 << 8 | Int64($1) })
        try await lease.renewIfDue()
        report.found = try await store.commit(
            batch, of: named.author, dueIn: result.isAnswer ? settings.recheck.duration : settings.retry.duration,
            error: result.outcome == "confirmed" ? nil : result.outcome, owner: lease.owner, fence: lease.fence)
        metrics.lookedUp(result.outcome, report)
        return report
    }
}
