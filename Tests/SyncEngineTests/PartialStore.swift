import Database
import Nostr
import SyncEngine

/// An archive that can do what its test needs; every other call fails.
protocol PartialStore: SyncStore {}

struct UnusedCall: Error {}

extension PartialStore {
    func claimRelays(
        lane: Int16, network: Network, limit: Int, owner: ReplicaID, ttl: Duration, overdueBy: Duration
    ) async throws -> [RelayLease] { throw UnusedCall() }
    func shareWork(lane: Int16, replica: ReplicaID, slots: Int, wantsWork: Bool) async throws -> WorkShare {
        throw UnusedCall()
    }
    func renewLeases(_ leases: [(RelayID, Int64)], owner: ReplicaID, ttl: Duration) async throws -> Set<RelayID> {
        throw UnusedCall()
    }
    func leavingRelays(_ relays: [RelayID], lane: Int16) async throws -> Set<RelayID> { throw UnusedCall() }
    func releaseRelay(_ release: RelayRelease) async throws -> Bool { throw UnusedCall() }
    func noteStanding(_ standing: RelayStanding, _ lease: RelayLease) async throws -> Bool { throw UnusedCall() }
    func relayCoverage(_ relay: RelayID) async throws -> [CoverageRow] { throw UnusedCall() }
    func relayBehaviour(_ relay: RelayID) async throws -> RelayBehaviour { throw UnusedCall() }
    func knownEvents(_ ids: [EventID], signatures: [Signature], relay: RelayID) async throws -> [KnownEvent?] {
        throw UnusedCall()
    }
    func relayDays(_ relay: RelayID, days: [Int32]) async throws -> [Int32: DaySum] { throw UnusedCall() }
    func relayDays(_ relay: RelayID, in days: ClosedRange<Int32>) async throws -> [(day: Int32, sum: DaySum)] {
        throw UnusedCall()
    }
    func storedEvents(_ ids: [EventID], _ relay: RelayID) async throws -> [EventID: HeldEvent] {
        throw UnusedCall()
    }
    func notedPhantoms(_ ids: [EventID], _ relay: RelayID) async throws -> Set<EventID> { throw UnusedCall() }
    func notePhantoms(_ ids: [EventID], _ lease: RelayLease) async throws -> Bool { throw UnusedCall() }
    func relaySightings(
        _ relay: RelayID, from lo: UnixTime, to hi: UnixTime, limit: Int, matching filter: Filter
    ) async throws -> [StoredSighting]? { throw UnusedCall() }
    func commitPages(_ batch: PagesBatch) async throws -> [CommitAnswer] { throw UnusedCall() }
}
