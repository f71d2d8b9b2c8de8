import Database
import Nostr
import SyncEngine

/// What must hold after every commit, whatever happened before it (SYNC's I1 to I3, I5, C1 and C2).
struct CommitCheck {
    let page: RelayPage
    let before: SimulatedArchive.Row
    let after: SimulatedArchive.Row
    let replica: ReplicaID
    /// Of this relay, before the commit.
    let coverageBefore: [CoverageRow]
    let tables: SimulatedArchive.Tables
    let network: SimulatedNetwork
    let world: SimulatedWorld

    /// What does not hold.
    var failures: [String] {
        (frontierOnlyFalls + frontierRestsOnRows + coverageIsWhole + sealsAreProven + provableLosses).map {
            "\($0) [\(after.url), fence \(after.fence), at \(world.now)]"
        }
    }

    /// C2.
    private var frontierOnlyFalls: [String] {
        var failures: [String] = []
        if let one = before.sealedHi, let other = after.sealedHi, other < one { failures.append("C2: sealed_hi fell") }
        if before.walkLo == after.walkLo, let one = before.frontier, let other = after.frontier, other > one {
            failures.append("C2: the frontier rose from \(one) to \(other)")
        }
        return failures
    }

    /// I1: what this visit was shown above the new frontier is stored. The last page shown may still be on its way.
    private var frontierRestsOnRows: [String] {
        guard let frontier = after.frontier, frontier != before.frontier else { return [] }
        let pages = network.log.shown[after.url]?[replica] ?? []
        let relay = tables.sightings[page.relay] ?? [:]
        let missing = pages.dropLast().joined().first { event in
            event.isValid && event.createdAt > frontier.seconds
                && tables.events[event.id].flatMap { relay[$0] } == nil
        }
        return missing.map { ["I1: \($0.id) of \($0.createdAt) is not stored, the frontier is \(frontier)"] } ?? []
    }

    /// I3: no hole and no overlap from the beginning to the newest second that was read.
    private var coverageIsWhole: [String] {
        let rows = (tables.coverage[page.relay] ?? [:]).values.sorted { $0.lo < $1.lo }
        var failures: [String] = []
        for (one, next) in zip(rows, rows.dropFirst()) where one.hi.seconds + 1 != next.lo.seconds {
            failures.append("I3: \(one.lo)...\(one.hi) is followed by \(next.lo)")
        }
        if let first = rows.first, first.lo.seconds != 0 { failures.append("I3: begins at \(first.lo)") }
        let newest = [after.sealedHi, after.walkHi].compactMap { $0 }.max()
        if let newest, rows.last?.hi != newest {
            failures.append("I3: ends at \(rows.last.map { "\($0.hi)" } ?? "nothing"), read up to \(newest)")
        }
        return failures
    }

    /// I2.
    private var sealsAreProven: [String] {
        page.coveragePut.filter { $0.state == CoverageState.sealed.rawValue }.flatMap { row -> [String] in
            var failures: [String] = []
            if row.proof == nil || row.pages == nil || row.cap == nil {
                failures.append("I2: \(row.lo)...\(row.hi) is sealed without evidence")
            }
            if (after.behaviour.contradictions ?? 0) > 0 {
                failures.append("I2: \(row.lo)...\(row.hi) is sealed although the relay contradicted itself")
            }
            return failures
        }
    }

    /// True where a relay that hides at random fooled us.
    var isFooled: Bool { network.relay(after.url)?.vices.hidesAtRandom == true && !silentLosses.isEmpty }

    private var provableLosses: [String] {
        network.relay(after.url)?.vices.hidesAtRandom == true ? [] : silentLosses
    }

    /// What the relay held during the whole visit, and a new seal covers, is stored: the point of the archive.
    private var silentLosses: [String] {
        guard let relay = network.relay(after.url) else { return [] }
        let isSealed = { (row: CoverageRow) in row.state == CoverageState.sealed.rawValue }
        let seals = page.coveragePut.filter(isSealed)
        guard !seals.isEmpty else { return [] }
        let old = coverageBefore.filter(isSealed)
        let linked = tables.sightings[page.relay] ?? [:]
        let missing = relay.owed(from: after.claimedAt, to: world.now).filter { event in
            let isCovered = seals.contains { seal in
                // A row that another one was cut out of says nothing new.
                seal.holds(event) && !old.contains { $0.holds(event) && $0.rescanAt == seal.rescanAt }
            }
            return isCovered && tables.events[event.id].flatMap({ linked[$0] }).map(\.isGone) != false
        }
        guard let first = missing.first else { return [] }
        return ["silent loss: \(missing.count) events within sealed seconds are missing, one of \(first.createdAt)"]
    }
}

extension CoverageRow {
    fileprivate func holds(_ event: SimulatedEvent) -> Bool { (lo.seconds...hi.seconds).contains(event.createdAt) }
}
