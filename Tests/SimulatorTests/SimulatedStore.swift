import Database
import Nostr
import SyncEngine

/// The archive as one process reaches it: each call takes time on the way there and on the way back, and a process that
/// dies in between does not learn what became of it.
struct SimulatedStore: SyncStore {
    let archive: SimulatedArchive
    let process: SimulatedProcess

    private func call<Result>(
        _ step: String, _ body: (inout SimulatedArchive.Tables) throws -> Result
    ) async throws -> Result {
        try await process.wait(archive.network.latency())
        let result = try archive.perform(step, body)
        try await process.wait(archive.network.latency())
        // The server went away before the answer came: nobody knows what became of the call.
        _ = try archive.perform(step) { _ in }
        return result
    }

    func claimRelays(
        lane: Int16, network: Network, limit: Int, owner: ReplicaID, ttl: Duration, overdueBy: Duration
    ) async throws -> [RelayLease] {
        try await call("claim_relays") {
            archive.claim(&$0, limit: limit, by: process, ttl: ttl, overdueBy: overdueBy)
        }
    }

    func shareWork(lane: Int16, replica: ReplicaID, slots: Int, wantsWork: Bool) async throws -> WorkShare {
        try await call("share_work") { tables in
            tables.crews[replica] = (archive.world.now, wantsWork)
            let alive = tables.crews.filter { archive.world.now - $0.value.seen < .seconds(60) }
            let wanting = alive.count { $0.key != replica && $0.value.wantsWork }
            let held = tables.rows.values.count { $0.owner != nil && $0.dueAt > archive.world.now }
            return WorkShare(replicas: alive.count, wanting: wanting, held: wanting > 0 ? held : 0)
        }
    }

    func renewLeases(_ leases: [(RelayID, Int64)], owner: ReplicaID, ttl: Duration) async throws -> Set<RelayID> {
        try await call("renew_leases") { tables in
            let held = leases.filter { tables.rows[$0.0]?.fence == $0.1 && tables.rows[$0.0]?.owner == owner }
            for (relay, _) in held { tables.rows[relay]?.dueAt = archive.world.now + ttl }
            return Set(held.map(\.0))
        }
    }

    func leavingRelays(_ relays: [RelayID], lane: Int16) async throws -> Set<RelayID> {
        try await call("leaving_relays") { _ in [] }
    }

    func releaseRelay(_ release: RelayRelease) async throws -> Bool {
        try await call("release_relay") { tables in
            guard var row = tables.rows[release.relay], row.fence == release.fence, row.owner == release.owner else {
                return false
            }
            row.owner = nil
            row.dueAt = archive.world.now + release.dueIn
            row.relayClass = release.relayClass ?? row.relayClass
            row.fails = release.fails
            row.rate = release.rate
            row.lastError = release.relayClass == nil ? release.lastError ?? row.lastError : release.lastError
            tables.rows[release.relay] = row
            return true
        }
    }

    func noteStanding(_ standing: RelayStanding, _ lease: RelayLease) async throws -> Bool {
        try await call("note_standing") { tables in
            guard var row = tables.rows[lease.relay], row.fence == lease.fence, row.owner == lease.owner else {
                return false
            }
            (row.relayClass, row.lastError) = (standing.relayClass, standing.lastError)
            tables.rows[lease.relay] = row
            return true
        }
    }

    func relayCoverage(_ relay: RelayID) async throws -> [CoverageRow] {
        try await call("relay_coverage") { ($0.coverage[relay] ?? [:]).values.sorted { $0.lo < $1.lo } }
    }

    func relayBehaviour(_ relay: RelayID) async throws -> RelayBehaviour {
        try await call("relay_behaviour") { $0.rows[relay]?.behaviour ?? RelayBehaviour() }
    }

    func knownEvents(
        _ ids: [EventID], signatures: [Signature], relay: RelayID
    ) async throws -> [KnownEvent?] {
        try await call("known_events") { tables in
            zip(ids, signatures).map { id, signature in
                tables.events[id].map { number in
                    KnownEvent(
                        event: number, isLinked: tables.sightings[relay]?[number] != nil,
                        hasOtherSignature: tables.signatures[number] != signature)
                }
            }
        }
    }

    func relayDays(_ relay: RelayID, days: [Int32]) async throws -> [Int32: DaySum] {
        try await call("relay_days") { ($0.days[relay] ?? [:]).filter { days.contains($0.key) } }
    }

    func relaySightings(
        _ relay: RelayID, from lo: UnixTime, to hi: UnixTime, limit: Int, matching filter: Filter
    ) async throws -> [StoredSighting]? {
        try await call("relay_sightings") { tables in
            let rows = (tables.sightings[relay] ?? [:])
                .filter { (lo.seconds...hi.seconds).contains($0.value.createdAt) }
                .filter { sighting in
                    guard let stamp = tables.stamps[sighting.key] else { return false }
                    return filter.kinds?.contains(stamp.kind) ?? true && filter.authors?.contains(stamp.pubkey) ?? true
                }
                .sorted { ($0.value.createdAt, $0.key) < ($1.value.createdAt, $1.key) }
            guard rows.count <= limit else { return nil }
            return rows.map {
                StoredSighting(
                    event: $0.key, id: $0.value.id, createdAt: UnixTime(seconds: $0.value.createdAt),
                    isGone: $0.value.isGone)
            }
        }
    }

    func relayDays(_ relay: RelayID, in days: ClosedRange<Int32>) async throws -> [(day: Int32, sum: DaySum)] {
        try await call("relay_day_range") { tables in
            (tables.days[relay] ?? [:]).filter { days.contains($0.key) && $0.value.count > 0 }
                .sorted { $0.key < $1.key }.map { (day: $0.key, sum: $0.value) }
        }
    }

    func storedEvents(_ ids: [EventID], _ relay: RelayID) async throws -> [EventID: HeldEvent] {
        try await call("stored_events") { tables in
            let linked = tables.sightings[relay] ?? [:]
            let stored = ids.compactMap { id -> (EventID, HeldEvent)? in
                guard let event = tables.events[id], let stamp = tables.stamps[event] else { return nil }
                return (id, HeldEvent(sighting: stamp, isLinked: linked[event].map { !$0.isGone } ?? false))
            }
            return Dictionary(stored, uniquingKeysWith: { first, _ in first })
        }
    }

    func notedPhantoms(_ ids: [EventID], _ relay: RelayID) async throws -> Set<EventID> {
        try await call("noted_phantoms") { $0.phantoms[relay, default: []].intersection(ids) }
    }

    func notePhantoms(_ ids: [EventID], _ lease: RelayLease) async throws -> Bool {
        try await call("note_phantoms") { tables in
            let row = tables.rows[lease.relay]
            guard row?.fence == lease.fence, row?.owner == lease.owner else { return false }
            tables.phantoms[lease.relay, default: []].formUnion(ids)
            return true
        }
    }

    func commitPages(_ batch: PagesBatch) async throws -> [CommitAnswer] {
        try await call("commit_pages") { archive.commit(&$0, batch) }
    }
}
