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
}
