import Crypto
import Database
import Nostr
import SyncEngine
import Synchronization

/// The database as the engine sees it: leases with fences, and `commit_pages` as one step that happens or does not.
final class SimulatedArchive: Sendable {
    /// A row of `relay_sync`.
    struct Row {
        let url: RelayURL
        var owner: ReplicaID?
        var fence: Int64 = 0
        /// Time of the simulation.
        var dueAt = Duration.zero
        var claimedAt = Duration.zero
        var tailSeen: UnixTime?
        var sealedHi: UnixTime?
        var walkLo: UnixTime?
        var walkHi: UnixTime?
        var frontier: UnixTime?
        var capSeen: Int32?
        var pageSize: Int32?
        var fails: Int32 = 0
        var rate: Double?
        var relayClass: Int16 = 0
        var behaviour = RelayBehaviour()
        var visits = 0
    }

    /// A row of `events_relays`.
    struct Sighting {
        let id: EventID
        let createdAt: Int64
        var isGone = false
    }

    /// Everything that is stored.
    struct Tables {
        var rows: [RelayID: Row] = [:]
        var events: [EventID: Int64] = [:]
        var ids: [Int64: EventID] = [:]
        var stamps: [Int64: KnownSighting] = [:]
        var phantoms: [RelayID: Set<EventID>] = [:]
        var sightings: [RelayID: [Int64: Sighting]] = [:]
        var days: [RelayID: [Int32: DaySum]] = [:]
        var coverage: [RelayID: [Int64: CoverageRow]] = [:]
        /// When each replica last said whether it wants work.
        var crews: [ReplicaID: (seen: Duration, wantsWork: Bool)] = [:]
        var commits = 0
        var refused = 0
        /// The server does not answer until then.
        var downUntil = Duration.zero
        /// Relays that hide at random and had a seal over what they hid.
        var fooled: Set<RelayID> = []
        /// Invariants that did not hold.
        var failures: [String] = []
    }

    private let tables = Mutex(Tables())
    let world: SimulatedWorld
    let network: SimulatedNetwork

    init(world: SimulatedWorld, network: SimulatedNetwork, relays: [RelayURL]) {
        self.world = world
        self.network = network
        for (number, url) in relays.enumerated() {
            tables.withLock { $0.rows[RelayID(Int32(number + 1))] = Row(url: url) }
        }
    }

    func read<Result>(_ body: (Tables) -> Result) -> Result { tables.withLock { body($0) } }

    /// A restart of the server: connections break, transactions under way are committed or not.
    func stop(for time: Duration) { tables.withLock { $0.downUntil = world.now + time } }

    /// One call: what it does happens at once, and only while the server answers.
    func perform<Result>(_ step: String, _ body: (inout Tables) throws -> Result) throws -> Result {
        let now = world.now
        return try tables.withLock { tables in
            guard tables.downUntil <= now else { throw DatabaseError(.connectionLost, step: step) }
            return try body(&tables)
        }
    }

    func claim(
        _ tables: inout Tables, limit: Int, owner: ReplicaID, ttl: Duration, overdueBy: Duration
    ) -> [RelayLease] {
        let now = world.now
        let due = tables.rows.filter { $0.value.dueAt <= now - overdueBy }
            .sorted { ($0.value.dueAt, $0.key) < ($1.value.dueAt, $1.key) }.prefix(limit)
        return due.map(\.key).sorted().compactMap { relay in
            guard var row = tables.rows[relay] else { return nil }
            row.owner = owner
            row.fence += 1
            row.dueAt = now + ttl
            row.claimedAt = now
            row.visits += 1
            tables.rows[relay] = row
            return RelayLease(
                relay: relay, url: row.url, network: .clearnet, owner: owner, fence: row.fence,
                relayClass: row.relayClass, tailSeen: row.tailSeen, sealedHi: row.sealedHi, walkLo: row.walkLo,
                walkHi: row.walkHi, frontier: row.frontier, capSeen: row.capSeen, pageSize: row.pageSize,
                fails: row.fails, rate: row.rate, databaseNow: UnixTime(seconds: world.seconds))
        }
    }

    func commit(_ tables: inout Tables, _ batch: PagesBatch) -> [CommitAnswer] {
        batch.pages.map { page in
            guard var row = tables.rows[page.relay], row.fence == page.fence, row.owner == batch.owner else {
                tables.refused += 1
                return CommitAnswer(relay: page.relay, accepted: false)
            }
            tables.commits += 1
            var answer = CommitAnswer(relay: page.relay, accepted: true)
            for place in page.newEvents where batch.events.indices.contains(place) {
                link(batch.events[place], page.relay, &tables, &answer)
            }
            for known in page.known { link(known, page.relay, &tables, &answer) }
            for number in page.gone { tables.sightings[page.relay]?[number]?.isGone = true }
            for (day, sum) in page.days { tables.days[page.relay, default: [:]][day] = sum }
            let coverage = Array((tables.coverage[page.relay] ?? [:]).values)
            for lo in page.coverageDrop { tables.coverage[page.relay]?[lo.seconds] = nil }
            for interval in page.coveragePut {
                tables.coverage[page.relay, default: [:]][interval.lo.seconds] = interval
            }
            let before = row
            apply(page, to: &row)
            tables.rows[page.relay] = row
            world.note("commit \(page.relay) fence \(page.fence) \(page.words)")
            let check = CommitCheck(
                page: page, before: before, after: row, replica: batch.owner, coverageBefore: coverage,
                tables: tables, network: network, world: world)
            tables.failures += check.failures
            if check.isFooled { tables.fooled.insert(page.relay) }
            return answer
        }
    }

    private func apply(_ page: RelayPage, to row: inout Row) {
        if page.clearsWalk { (row.walkLo, row.walkHi, row.frontier) = (nil, nil, nil) }
        row.frontier = page.frontier ?? row.frontier
        row.walkLo = page.walkLo ?? row.walkLo
        row.walkHi = page.walkHi ?? row.walkHi
        row.sealedHi = page.sealedHi ?? row.sealedHi
        row.tailSeen = page.tailSeen ?? row.tailSeen
        row.capSeen = page.capSeen ?? row.capSeen
        row.pageSize = page.pageSize ?? row.pageSize
        if let seen = page.behaviour { row.behaviour = row.behaviour.merging(seen) }
    }

    private func link(_ event: Event, _ relay: RelayID, _ tables: inout Tables, _ answer: inout CommitAnswer) {
        let isNew = tables.events[event.id] == nil
        let number = tables.events[event.id] ?? Int64(tables.events.count + 1)
        tables.events[event.id] = number
        tables.ids[number] = event.id
        tables.stamps[number] = KnownSighting(
            event: number, createdAt: event.createdAt, kind: event.kind, pubkey: event.pubkey)
        if isNew { answer.eventsNew += 1 } else { answer.eventsKnown += 1 }
        if tables.sightings[relay]?[number] == nil { answer.sightingsNew += 1 }
        tables.sightings[relay, default: [:]][number] = Sighting(id: event.id, createdAt: event.createdAt.seconds)
    }

    private func link(_ known: KnownSighting, _ relay: RelayID, _ tables: inout Tables, _ answer: inout CommitAnswer) {
        guard let id = tables.ids[known.event] else { return }
        answer.eventsKnown += 1
        if tables.sightings[relay]?[known.event] == nil { answer.sightingsNew += 1 }
        tables.sightings[relay, default: [:]][known.event] = Sighting(id: id, createdAt: known.createdAt.seconds)
    }
}

extension RelayPage {
    fileprivate var words: String {
        let walk = clearsWalk ? "walk over, sealed_hi \(words(sealedHi))" : "frontier \(words(frontier))"
        let rows = coveragePut.map { "\($0.lo.seconds)...\($0.hi.seconds) \($0.state)" }.joined(separator: ", ")
        return "\(newEvents.count) new, \(known.count) known, \(gone.count) gone, \(walk), coverage \(rows)"
    }

    private func words(_ second: UnixTime?) -> String { second.map { "\($0.seconds)" } ?? "same" }
}
