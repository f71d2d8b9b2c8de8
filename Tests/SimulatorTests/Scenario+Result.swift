import Database
import Nostr
import SyncEngine

extension Scenario {
    /// What a run came to.
    struct Result {
        var failures: [String]
        var relays: [RelayResult]
        var commits: Int
        var refused: Int
        var requests: Int
        /// Events that came to a followed relay and were looked for.
        var looked: Int
        /// Longest time that a relay that was due had to wait although somebody could have claimed it.
        var longestWait: Duration
        /// Connections of one process to one address at a time.
        var mostAtOneAddress: Int
    }

    /// What is newer at the end need not be stored yet, in seconds.
    private static let recent: Int64 = 600

    /// What became of one relay.
    struct RelayResult {
        let vices: Vices
        /// Events it held since a third of the run that are not stored and stand in no gap.
        let missing: Int
        /// Events it held all the time that are not stored although the coverage says that they are.
        let lost: Int
        /// When it was claimed.
        let claims: [Duration]
        /// It hides at random, and a seal covered what it hid.
        let isFooled: Bool
        let requests: Int
        let held: Int
        /// Events that are linked to it.
        let stored: Int
        /// Seconds by state, of those that were read.
        let states: [CoverageState: Int]
        /// How the seals came about.
        let proofs: Set<CoverageProof>
        let visits: Int
        /// Parts of its walks that were read by comparing sets, and bytes of the events it sent.
        let partsBySets: Int
        let served: Int
        /// Kinds of its events that are stored.
        let kinds: Set<UInt16>
        /// Events it still holds whose sightings were ended.
        let wronglyGone: Int
        /// Events it deleted that are still linked to it, and those that are not any more.
        let deleted: (unnoticed: Int, gone: Int)
        /// Events that it claimed to have and did not deliver.
        let phantoms: Int
        /// Events that it has, as the seals by sets say.
        let items: Int64
        /// Rows of the quarantine by reason.
        let rejected: [String: Int]
        /// Why parts of it could not be read.
        let gaps: Set<CoverageReason>
        /// Why the last visit failed.
        let lastError: String?

        /// What most of the seconds are.
        var read: CoverageState? { states.max { $0.value < $1.value }?.key }
    }

    var result: Result {
        let log = network.log
        return archive.read { tables in
            Result(
                failures: tables.failures + log.failures + tables.rows.keys.sorted().flatMap { remains($0, tables) },
                relays: tables.rows.sorted { $0.key < $1.key }.map { summary($0.key, $0.value, tables) },
                commits: tables.commits, refused: tables.refused, requests: log.requests, looked: log.looked,
                longestWait: tables.longestWait, mostAtOneAddress: log.mostAtOneAddress)
        }
    }

    /// What does not hold of the sightings of one relay at the end: the day sums are theirs, and nothing that an honest
    /// relay still holds is said to be gone.
    private func remains(_ relay: RelayID, _ tables: SimulatedArchive.Tables) -> [String] {
        let sightings = (tables.sightings[relay] ?? [:]).values
        var sums: [Int32: DaySum] = [:]
        for sighting in sightings where !sighting.isGone {
            sums[DaySum.day(of: UnixTime(seconds: sighting.createdAt)), default: DaySum()].add(sighting.id)
        }
        var failures = (tables.days[relay] ?? [:]).sorted { $0.key < $1.key }.compactMap { day, sum in
            sum == sums[day] ?? DaySum() ? nil : "day \(day) of relay \(relay) has another sum than its sightings"
        }
        guard let row = tables.rows[relay], let held = network.relay(row.url), held.vices.isHonest else {
            return failures
        }
        let gone = Set(sightings.filter(\.isGone).map(\.id))
        let wrong = held.owed(from: .zero, to: world.now).count { gone.contains($0.id) }
        if wrong > 0 { failures.append("\(wrong) events are said to be gone from \(row.url), which holds them") }
        return failures
    }

    private func summary(
        _ relay: RelayID, _ row: SimulatedArchive.Row, _ tables: SimulatedArchive.Tables
    ) -> RelayResult {
        let rows = (tables.coverage[relay] ?? [:]).values
        let linked = tables.sightings[relay] ?? [:]
        let owed = network.relay(row.url)?.owed(from: plan.length / 3, to: world.now) ?? []
        let backdated = network.log.backdated
        let missing = owed.filter { event in
            tables.events[event.id].flatMap { linked[$0] } == nil && event.state(in: rows) != .gap
                && !backdated.contains(event.id) && event.createdAt < world.seconds - Self.recent
        }
        let old = network.relay(row.url)?.owed(from: .zero, to: world.now) ?? []
        let lost = old.filter { event in
            tables.events[event.id].flatMap { linked[$0] } == nil
                && [.sealed, .settled].contains(event.state(in: rows))
        }
        var states: [CoverageState: Int] = [:]
        for row in rows {
            guard let state = CoverageState(rawValue: row.state) else { continue }
            states[state, default: 0] += Int(row.hi.seconds - row.lo.seconds) + 1
        }
        return RelayResult(
            vices: network.relay(row.url)?.vices ?? Vices(), missing: missing.count, lost: lost.count,
            claims: row.claims, isFooled: tables.fooled.contains(relay),
            requests: network.log.asked[row.url] ?? 0, held: owed.count, stored: linked.count,
            states: states,
            proofs: Set(rows.compactMap { $0.proof.flatMap(CoverageProof.init) }),
            visits: row.visits, partsBySets: tables.partsBySets[relay] ?? 0, served: network.log.served[row.url] ?? 0,
            kinds: Set(linked.keys.compactMap { tables.stamps[$0]?.kind }),
            wronglyGone: wronglyGone(row.url, linked, tables), deleted: deleted(row.url, linked, tables),
            phantoms: tables.phantoms[relay]?.count ?? 0, items: items(rows),
            rejected: tables.rejected[relay] ?? [:],
            gaps: Set(rows.compactMap { $0.reason.flatMap(CoverageReason.init(rawValue:)) }), lastError: row.lastError)
    }

    private func items(_ rows: some Sequence<CoverageRow>) -> Int64 {
        rows.filter { $0.proof == CoverageProof.negentropy.rawValue }.reduce(0) { $0 + ($1.items ?? 0) }
    }

    private func wronglyGone(
        _ url: RelayURL, _ linked: [Int64: SimulatedArchive.Sighting], _ tables: SimulatedArchive.Tables
    ) -> Int {
        (network.relay(url)?.held ?? []).count { entry in
            entry.until == nil && tables.events[entry.event.id].flatMap { linked[$0] }?.isGone == true
        }
    }
}

extension Scenario {
    private func deleted(
        _ url: RelayURL, _ linked: [Int64: SimulatedArchive.Sighting], _ tables: SimulatedArchive.Tables
    ) -> (unnoticed: Int, gone: Int) {
        let sightings = (network.relay(url)?.held ?? []).filter { $0.until != nil }
            .compactMap { entry in tables.events[entry.event.id].flatMap { linked[$0] } }
        let gone = sightings.count(where: \.isGone)
        return (sightings.count - gone, gone)
    }
}

extension SimulatedEvent {
    /// What the coverage says of its second.
    fileprivate func state(in rows: some Sequence<CoverageRow>) -> CoverageState? {
        rows.first { ($0.lo.seconds...$0.hi.seconds).contains(createdAt) }.flatMap { CoverageState(rawValue: $0.state) }
    }
}
