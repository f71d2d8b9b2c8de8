import Crypto
import Database
import Nostr
import SyncEngine

/// What must hold after every commit, whatever happened before it.
struct CommitCheck {
    /// A sighting that the commit wrote.
    struct Link {
        let id: EventID
        let kind: UInt16
        /// The event was not in the archive.
        let isNew: Bool
    }

    /// How far behind the clock coverage stays, in seconds.
    static let overlap: Int64 = 60

    var page: RelayPage
    var before: SimulatedArchive.Row
    var after: SimulatedArchive.Row
    /// Of this relay, before the commit.
    var coverageBefore: [CoverageRow]
    var links: [Link]
    /// Valid events that this visit was shown and that are not stored.
    var unstored: [SimulatedEvent]
    var tables: SimulatedArchive.Tables
    var relay: SimulatedRelay?
    /// What the relay ever showed to anybody: true where a copy was valid.
    var shown: [EventID: Bool]
    /// By the database's clock.
    var seconds: Int64
    /// Since the beginning.
    var now: Duration

    /// What does not hold; and whether a relay that hides at random fooled us.
    var verdict: (failures: [String], isFooled: Bool) {
        let losses = silentLosses
        let isHiding = relay?.mayHide(losses.count) ?? false
        let failures =
            fencesRise + walkGoesDown + frontierRestsOnRows + coverageIsWhole + sealsAreProven + sealsStay
            + rowsWereShown + nothingIsGoneWrongly + daysAreSums + (isHiding ? [] : Self.words(losses))
        let place = "[\(after.url), fence \(after.fence), at \(now)]"
        return (failures.map { "\($0) \(place)" }, isHiding && !losses.isEmpty)
    }

    /// After the commit, ascending.
    var coverage: [CoverageRow] { (tables.coverage[page.relay] ?? [:]).values.sorted { $0.lo < $1.lo } }

    /// C1.
    private var fencesRise: [String] {
        page.fence < before.committedFence ? ["C1: fence \(page.fence) after \(before.committedFence)"] : []
    }

    /// C2, and that the three columns of a walk are all there or all absent.
    private var walkGoesDown: [String] {
        var failures: [String] = []
        if let one = before.sealedHi, after.sealedHi.map({ $0 < one }) ?? true { failures.append("C2: sealed_hi fell") }
        if before.walkLo == after.walkLo, !page.clearsWalk {
            if let one = before.frontier, let other = after.frontier, other > one {
                failures.append("C2: the frontier rose from \(one.seconds) to \(other.seconds)")
            }
            if let one = before.walkHi, let other = after.walkHi, other < one { failures.append("C2: walk_hi fell") }
        }
        guard let lo = after.walkLo, let frontier = after.frontier, let hi = after.walkHi else {
            let isNone = after.walkLo == nil && after.frontier == nil && after.walkHi == nil
            return failures + (isNone ? [] : ["C2: a part of a walk is stored"])
        }
        if frontier < lo || frontier > hi {
            failures.append("C2: \(frontier.seconds) is not in \(lo.seconds)...\(hi.seconds)")
        }
        return failures
    }

    /// I1 and C3: what this visit was shown above the frontier is stored.
    private var frontierRestsOnRows: [String] {
        let isMoved =
            after.frontier != before.frontier || after.walkHi != before.walkHi || after.sealedHi != before.sealedHi
        guard isMoved, let frontier = after.frontier ?? after.sealedHi, let hi = after.walkHi ?? after.sealedHi else {
            return []
        }
        // Where a walk is over all of it was read.
        let lo = after.frontier == nil ? Int64.min : frontier.seconds
        return unstored.first { $0.createdAt > lo && $0.createdAt <= hi.seconds }.map {
            ["I1: \($0.id) of \($0.createdAt) is not stored, the frontier is \(frontier.seconds)"]
        } ?? []
    }

    /// I3: no hole and no overlap from the beginning to the newest second that was read, and nothing newer.
    private var coverageIsWhole: [String] {
        let rows = coverage
        var failures: [String] = []
        for (one, next) in zip(rows, rows.dropFirst()) where one.hi.seconds + 1 != next.lo.seconds {
            failures.append("I3: \(one.words) is followed by \(next.lo.seconds)")
        }
        if let first = rows.first, first.lo.seconds != 0 { failures.append("I3: begins at \(first.lo.seconds)") }
        let newest = [after.sealedHi, after.walkHi].compactMap { $0 }.max()
        if let newest, rows.last?.hi != newest {
            failures.append("I3: ends at \(rows.last?.hi.seconds ?? 0), read up to \(newest.seconds)")
        }
        if let newest, newest.seconds > seconds - Self.overlap { failures.append("I3: \(newest.seconds) is too new") }
        return failures
    }

    /// C3 and I5: nothing is linked to a relay that did not show it or name it in its set, nothing invalid is stored,
    /// and nothing that was not asked for.
    private var rowsWereShown: [String] {
        links.compactMap { link in
            let isArchived = relay?.archivedKinds?.contains(link.kind) ?? true
            guard isArchived else { return "I5: kind \(link.kind) is stored" }
            if let isValid = shown[link.id] {
                if isValid { return nil }
                guard !link.isNew else { return "I5: \(link.id) is stored, which is not valid" }
                // Its set may have named it; that shows no signature.
                return relay?.comparesSets == true ? nil : "I5: \(link.id) is linked, of which all copies were forged"
            }
            return !link.isNew && relay?.entry(link.id) != nil ? nil : "C3: the relay never showed \(link.id)"
        }
    }

    /// I5: what an honest relay still holds is not said to be gone.
    private var nothingIsGoneWrongly: [String] {
        guard let relay, relay.vices.isHonest else { return [] }
        let linked = tables.sightings[page.relay] ?? [:]
        return page.gone.compactMap { number in
            guard let id = linked[number]?.id, let entry = relay.entry(id), entry.until == nil else { return nil }
            return "I5: \(id) is said to be gone"
        }
    }

    /// The sums of days are those of the sightings.
    private var daysAreSums: [String] {
        page.days.compactMap { day, _ in
            let (stored, real) = (tables.days[page.relay]?[day], tables.trueDays[page.relay]?[day])
            return (stored ?? .init()) == (real ?? .init()) ? nil : "day \(day) has another sum than its sightings"
        }
    }
}
