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
        var lastError: String?
        var behaviour = RelayBehaviour()
        var visits = 0
        /// When it was claimed.
        var claims: [Duration] = []
        /// The fence of the last commit.
        var committedFence: Int64 = 0
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
        var signatures: [Int64: Signature] = [:]
        var phantoms: [RelayID: Set<EventID>] = [:]
        var sightings: [RelayID: [Int64: Sighting]] = [:]
        /// As the engine wrote them, and as they follow from the sightings.
        var days: [RelayID: [Int32: DaySum]] = [:]
        var trueDays: [RelayID: [Int32: DaySum]] = [:]
        /// Rows of the quarantine by reason.
        var rejected: [RelayID: [String: Int]] = [:]
        var coverage: [RelayID: [Int64: CoverageRow]] = [:]
        /// When each replica last said whether it wants work.
        var crews: [ReplicaID: (seen: Duration, wantsWork: Bool)] = [:]
        var commits = 0
        var refused = 0
        /// The server does not answer until then.
        var downUntil = Duration.zero
        /// From then on it refuses claims.
        var claimsFailFrom: Duration?
        /// Relays that hide at random and had a seal over what they hid.
        var fooled: Set<RelayID> = []
        /// Parts of walks that were read by comparing sets.
        var partsBySets: [RelayID: Int] = [:]
        /// Longest time that a relay that was due had to wait for somebody who could have claimed it.
        var longestWait = Duration.zero
        /// Invariants that did not hold.
        var failures: [String] = []
    }

    /// From a claim until the relay is dialled, at most.
    private static let slotWait = Duration.seconds(30)

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

    /// From then on no relay can be claimed, and all else goes on.
    func failClaims(from time: Duration?) { tables.withLock { $0.claimsFailFrom = time } }

    /// One call: what it does happens at once, and only while the server answers.
    func perform<Result>(_ step: String, _ body: (inout Tables) throws -> Result) throws -> Result {
        let now = world.now
        return try tables.withLock { tables in
            guard tables.downUntil <= now else { throw DatabaseError(.connectionLost, step: step) }
            if step == "claim_relays", let time = tables.claimsFailFrom, time <= now {
                throw DatabaseError(.other, step: step)
            }
            return try body(&tables)
        }
    }

    func claim(
        _ tables: inout Tables, limit: Int, by process: SimulatedProcess, ttl: Duration, overdueBy: Duration
    ) -> [RelayLease] {
        let now = world.now
        let due = tables.rows.compactMap { $0.value.dueAt <= now - overdueBy ? ($0.value.dueAt, $0.key) : nil }
            .sorted { $0 < $1 }.prefix(limit)
        return due.map(\.1).sorted().compactMap { relay in
            guard var row = tables.rows[relay] else { return nil }
            if overdueBy == .zero {
                let wait = now - max(row.dueAt, tables.downUntil, process.ableSince)
                tables.longestWait = max(tables.longestWait, wait)
            }
            row.owner = process.id
            row.fence += 1
            row.dueAt = now + ttl
            row.claimedAt = now
            row.visits += 1
            row.claims.append(now)
            tables.rows[relay] = row
            world.note("claim \(relay) fence \(row.fence)")
            return RelayLease(
                relay: relay, url: row.url, network: .clearnet, owner: process.id, fence: row.fence,
                relayClass: row.relayClass, tailSeen: row.tailSeen, sealedHi: row.sealedHi, walkLo: row.walkLo,
                walkHi: row.walkHi, frontier: row.frontier, capSeen: row.capSeen, pageSize: row.pageSize,
                fails: row.fails, rate: row.rate, databaseNow: UnixTime(seconds: world.seconds))
        }
    }

    /// I3 and I6 of a visit that is over.
    func check(_ report: VisitReport, by owner: ReplicaID) {
        let failures = network.limits.failures(bytes: report.bytes - report.bytesLive, report.url)
        tables.withLock { $0.failures += failures }
        checkComplete(report, by: owner)
    }

    /// I3: a visit that read everything leaves nothing out up to its beginning, less the overlap.
    private func checkComplete(_ report: VisitReport, by owner: ReplicaID) {
        guard report.ending == .complete, let began = network.log.connectedAt[report.url]?[owner] else { return }
        tables.withLock { tables in
            guard let row = tables.rows[report.relay] else { return }
            let hi = tables.coverage[report.relay]?.values.map(\.hi.seconds).max() ?? 0
            let due = SimulatedWorld.epoch + (began - Self.slotWait).components.seconds - CommitCheck.overlap
            guard hi < due else { return }
            tables.failures.append("I3: a complete visit of \(row.url) ended with \(hi), not \(due), at \(world.now)")
        }
    }

    func commit(_ tables: inout Tables, _ batch: PagesBatch) -> [CommitAnswer] {
        batch.pages.map { page in
            guard let row = tables.rows[page.relay], row.fence == page.fence, row.owner == batch.owner else {
                tables.refused += 1
                return CommitAnswer(relay: page.relay, accepted: false)
            }
            let coverage = Array((tables.coverage[page.relay] ?? [:]).values)
            let (answer, links) = store(page, of: batch, &tables)
            world.note("commit \(page.relay) fence \(page.fence) \(page.words)")
            let left = network.settle(row.url, batch.owner, links.map(\.id))
            let check = CommitCheck(
                page: page, before: row, after: tables.rows[page.relay] ?? row, coverageBefore: coverage,
                links: links, unstored: left, tables: tables, relay: network.relay(row.url),
                shown: network.log.shown[row.url] ?? [:], seconds: world.seconds, now: world.now)
            let (failures, isFooled) = check.verdict
            tables.failures += failures
            if isFooled { tables.fooled.insert(page.relay) }
            return answer
        }
    }

    /// One page, whole.
    private func store(
        _ page: RelayPage, of batch: PagesBatch, _ tables: inout Tables
    ) -> (CommitAnswer, [CommitCheck.Link]) {
        tables.commits += 1
        var answer = CommitAnswer(relay: page.relay, accepted: true)
        var links: [CommitCheck.Link] = []
        var refused: [Event] = []
        for place in page.newEvents where batch.events.indices.contains(place) {
            let event = batch.events[place]
            guard !event.isPoison else {
                answer.poisoned.append(event.id)
                refused.append(event)
                continue
            }
            links.append(.init(id: event.id, kind: event.kind, isNew: true))
            link(event, page.relay, &tables, &answer)
        }
        for known in page.known {
            if let id = tables.ids[known.event] { links.append(.init(id: id, kind: known.kind, isNew: false)) }
            link(known, page.relay, &tables, &answer)
        }
        for number in page.gone { end(number, page.relay, &tables) }
        for (day, sum) in page.days(without: refused) { tables.days[page.relay, default: [:]][day] = sum }
        tables.rejected[page.relay, default: [:]]["data_error", default: 0] += refused.count
        for row in page.quarantined { tables.rejected[page.relay, default: [:]][row.reason, default: 0] += 1 }
        for lo in page.coverageDrop { tables.coverage[page.relay]?[lo.seconds] = nil }
        for interval in page.coveragePut {
            tables.coverage[page.relay, default: [:]][interval.lo.seconds] = interval
        }
        if page.isOfSets { tables.partsBySets[page.relay, default: 0] += 1 }
        if var row = tables.rows[page.relay] {
            apply(page, to: &row)
            tables.rows[page.relay] = row
        }
        return (answer, links)
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
        row.committedFence = page.fence
    }

    private func link(_ event: Event, _ relay: RelayID, _ tables: inout Tables, _ answer: inout CommitAnswer) {
        let isNew = tables.events[event.id] == nil
        let number = tables.events[event.id] ?? Int64(tables.events.count + 1)
        tables.events[event.id] = number
        if isNew {
            tables.signatures[number] = event.signature
            if !SimulatedEvent.isAuthentic(event.signature, of: event.id) {
                tables.failures.append("I5: \(event.id) is stored under a forged signature")
            }
        }
        tables.ids[number] = event.id
        tables.stamps[number] = KnownSighting(
            event: number, createdAt: event.createdAt, kind: event.kind, pubkey: event.pubkey)
        if isNew { answer.eventsNew += 1 } else { answer.eventsKnown += 1 }
        see(number, event.id, event.createdAt, relay, &tables, &answer)
    }

    private func link(_ known: KnownSighting, _ relay: RelayID, _ tables: inout Tables, _ answer: inout CommitAnswer) {
        guard let id = tables.ids[known.event] else { return }
        answer.eventsKnown += 1
        see(known.event, id, known.createdAt, relay, &tables, &answer)
    }

    private func see(
        _ number: Int64, _ id: EventID, _ second: UnixTime, _ relay: RelayID, _ tables: inout Tables,
        _ answer: inout CommitAnswer
    ) {
        let before = tables.sightings[relay]?[number]
        if before == nil { answer.sightingsNew += 1 }
        if before?.isGone != false {
            tables.trueDays[relay, default: [:]][DaySum.day(of: second), default: .init()].add(id)
        }
        tables.sightings[relay, default: [:]][number] = Sighting(id: id, createdAt: second.seconds)
    }

    private func end(_ number: Int64, _ relay: RelayID, _ tables: inout Tables) {
        guard let sighting = tables.sightings[relay]?[number], !sighting.isGone else { return }
        tables.sightings[relay]?[number]?.isGone = true
        let day = DaySum.day(of: UnixTime(seconds: sighting.createdAt))
        tables.trueDays[relay, default: [:]][day, default: .init()].subtract(sighting.id)
    }
}

extension Event {
    /// The database does not take it.
    fileprivate var isPoison: Bool { content.starts(with: SimulatedEvent.poison.utf8) }
}

extension RelayPage {
    fileprivate func days(without events: [Event]) -> [(day: Int32, sum: DaySum)] {
        days.map { day, sum in
            var sum = sum
            for event in events where DaySum.day(of: event.createdAt) == day { sum.subtract(event.id) }
            return (day, sum)
        }
    }

    /// It moves a walk on by equal sets.
    fileprivate var isOfSets: Bool {
        (frontier != nil || clearsWalk) && coveragePut.contains { $0.proof == CoverageProof.negentropy.rawValue }
    }

    fileprivate var words: String {
        let walk = clearsWalk ? "walk over, sealed_hi \(words(sealedHi))" : "frontier \(words(frontier))"
        let rows = coveragePut.map { "\($0.lo.seconds)...\($0.hi.seconds) \($0.state)" }.joined(separator: ", ")
        return "\(newEvents.count) new, \(known.count) known, \(gone.count) gone, \(walk), coverage \(rows)"
    }

    private func words(_ second: UnixTime?) -> String { second.map { "\($0.seconds)" } ?? "same" }
}
