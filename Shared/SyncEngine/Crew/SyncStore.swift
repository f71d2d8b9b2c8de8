public import Database
public import Nostr

/// What the engine reads and writes: the archive, as a parameter, so that a simulator can stand in for the database.
///
/// `Brotr` is the one real store; what each call does is documented there.
public protocol SyncStore: Sendable {
    /// Claims at most `limit` relays that are due, for `ttl`; sorted by relay.
    func claimRelays(
        lane: Int16, network: Network, limit: Int, owner: ReplicaID, ttl: Duration, overdueBy: Duration
    ) async throws -> [RelayLease]
    /// Says whether this replica of a lane has slots and no work, and gives what the others have.
    func shareWork(lane: Int16, replica: ReplicaID, slots: Int, wantsWork: Bool) async throws -> WorkShare
    /// Renews leases until `ttl` from now and gives those that are still ours.
    func renewLeases(_ leases: [(RelayID, Int64)], owner: ReplicaID, ttl: Duration) async throws -> Set<RelayID>
    /// Those of these relays that are not this lane's, are to leave it, or are ignored.
    func leavingRelays(_ relays: [RelayID], lane: Int16) async throws -> Set<RelayID>
    /// Gives a relay back; false when it was no longer ours.
    func releaseRelay(_ release: RelayRelease) async throws -> Bool
    /// Writes what is thought of a relay whose visit goes on; false when it was no longer ours.
    func noteStanding(_ standing: RelayStanding, _ lease: RelayLease) async throws -> Bool
    /// What is known about the history of a relay, ascending.
    func relayCoverage(_ relay: RelayID) async throws -> [CoverageRow]
    /// What earlier visits learnt of a relay.
    func relayBehaviour(_ relay: RelayID) async throws -> RelayBehaviour
    /// Which of these events are stored, whether the relay is known to have them, and whether the signature received is
    /// the one that is stored; in the order given.
    func knownEvents(_ ids: [EventID], signatures: [Signature], relay: RelayID) async throws -> [KnownEvent?]
    /// The fingerprints of these days; a day without sightings is absent.
    func relayDays(_ relay: RelayID, days: [Int32]) async throws -> [Int32: DaySum]
    /// The fingerprints of a closed interval of days, ascending; days without sightings are absent.
    func relayDays(_ relay: RelayID, in days: ClosedRange<Int32>) async throws -> [(day: Int32, sum: DaySum)]
    /// Those of these events that are stored, as sightings of them are written, and whether the relay has one.
    func storedEvents(_ ids: [EventID], _ relay: RelayID) async throws -> [EventID: HeldEvent]
    /// Those of these ids that the relay lately claimed to have and did not deliver.
    func notedPhantoms(_ ids: [EventID], _ relay: RelayID) async throws -> Set<EventID>
    /// Notes ids that a relay claimed to have and did not deliver; false when the lease was lost.
    func notePhantoms(_ ids: [EventID], _ lease: RelayLease) async throws -> Bool
    /// What the relay is known to have, or to have had, in a closed interval of seconds, of the kinds, authors and tags
    /// of `filter`; oldest first. Nil when that is more than `limit` rows.
    func relaySightings(
        _ relay: RelayID, from lo: UnixTime, to hi: UnixTime, limit: Int, matching filter: Filter
    ) async throws -> [StoredSighting]?
    /// Stores pages under their fences, in one transaction.
    func commitPages(_ batch: PagesBatch) async throws -> [CommitAnswer]
}

extension Brotr: SyncStore {}
