import Database
import Nostr
import ServiceKit
import Settings

/// Works out what relays are worth, so that the Monitor looks at likely ones first.
///
/// An invented URL costs its author nothing, so nothing is counted by itself: an author who names many places shares
/// one weight among them, and a domain's relays beyond its quota share the worth of the quota.
struct Ranking: Sendable {
    /// What a seed, or whatever nobody names, is worth.
    static let baseWorth = 1.0
    /// Relays in one call.
    private static let batch = 100

    private let context: ServiceContext
    private let store: RankingStore
    private let settings: RankingSettings

    init(_ context: ServiceContext, _ config: FinderConfig) {
        self.context = context
        settings = config.ranking
        store = RankingStore(brotr: context.brotr, queryTimeout: config.timeouts.dbQuery.duration)
    }

    /// Ranks what is new or changed, at most `max_relays_per_cycle`.
    /// - Returns: how many.
    func run(under lease: FinderLease) async throws -> Int {
        var done = 0
        while done < settings.maxRelaysPerCycle, !context.shutdown.isRequested {
            try Task.checkCancellation()
            try await lease.renewIfDue()
            let limit = min(Self.batch, settings.maxRelaysPerCycle - done)
            let (candidates, now) = try await store.unranked(limit: limit, authorQuota: settings.authorQuota)
            guard !candidates.isEmpty else { break }
            try await store.commit(
                candidates.map { Self.rank($0, at: now) }, domainQuota: settings.domainQuota, owner: lease.owner,
                fence: lease.fence)
            done += candidates.count
        }
        return done
    }

    /// The worth of one relay but for its domain's quota.
    /// - Parameter now: Unix seconds.
    static func rank(_ candidate: RankingStore.Candidate, at now: Int64) -> RankingStore.Ranked {
        let parts = candidate.evidence.map {
            RankingStore.Ranked.Part(source: $0.source, slot: $0.slot, worth: $0.worth(at: now))
        }
        return RankingStore.Ranked(
            relay: candidate.relay, domain: candidate.url?.registeredDomain ?? "",
            worth: parts.reduce(baseWorth) { $0 + $1.worth }, parts: parts)
    }
}
