internal import Database
internal import Nostr

/// What is stored of one relay's holdings, as comparisons need it.
struct SightingStore: Sendable {
    let store: any SyncStore
    let relay: RelayID
    let archive: ArchiveFilter
    /// Sightings taken into memory at a time.
    let limit: Int

    /// What the relay has as far as is known, oldest first; nil where that is more than the limit.
    func live(in seconds: ClosedRange<Int64>) async throws -> [StoredSighting]? {
        try await store.relaySightings(
            relay, from: UnixTime(seconds: seconds.lowerBound), to: UnixTime(seconds: seconds.upperBound),
            limit: limit, matching: archive.filter
        )?.filter { !$0.isGone }
    }

    /// How much that is; nil where it is too much to be counted one by one. The sums of days are of all that the relay
    /// showed, so under a filter everything is counted one by one.
    func count(in seconds: ClosedRange<Int64>) async throws -> Int64? {
        let window = DayWindow(seconds, usesDays: archive.takesAll)
        var count: Int64 = 0
        for part in [window.older, window.newer].compactMap(\.self) {
            guard let live = try await live(in: part) else { return nil }
            count += Int64(live.count)
        }
        guard let days = window.days else { return count }
        return try await store.relayDays(relay, in: days).reduce(count) { $0 + Int64($1.sum.count) }
    }
}
