import Crypto
import Database
import Nostr
import SyncEngine

/// What sealed says, and when it may no longer be said.
extension CommitCheck {
    /// I2: every seal has its evidence, and the relay nothing on record against it. That no two overlap is part of I3.
    var sealsAreProven: [String] {
        coverage.filter(\.isSealed).flatMap { row -> [String] in
            var failures: [String] = []
            let proof = row.proof.flatMap(CoverageProof.init(rawValue:))
            if proof == nil || row.pages == nil || row.cap == nil || row.rescanAt == nil {
                failures.append("I2: \(row.words) is sealed without evidence")
            }
            if (after.behaviour.contradictions ?? 0) > 0 {
                failures.append("I2: \(row.words) is sealed although the relay contradicted itself")
            }
            if (after.behaviour.shortAnswers ?? 0) > 0, proof == .twoWalks || proof == .finishHint {
                failures.append("I2: \(row.words) is sealed by pages although they ended early")
            }
            return failures
        }
    }

    /// I4: a sealed second stays sealed until it is due for another look, something speaks against the relay, or the
    /// archive wants other events.
    var sealsStay: [String] {
        let isDoubted = page.behaviour?.contradictions != nil || page.behaviour?.shortAnswers != nil
        guard !isDoubted, page.behaviour?.filter == nil else { return [] }
        let dropped = Set(page.coverageDrop)
        return coverageBefore.filter { row in
            row.isSealed && dropped.contains(row.lo) && row.rescanAt.map { $0.seconds > seconds } ?? true
                && !isStillSealed(row)
        }.map { "I4: \($0.words) lost its seal" }
    }

    private func isStillSealed(_ row: CoverageRow) -> Bool {
        var next = row.lo.seconds
        for other in coverage where other.isSealed && other.hi.seconds >= next {
            guard other.lo.seconds <= next else { return false }
            guard other.hi < row.hi else { return true }
            next = other.hi.seconds + 1
        }
        return false
    }

    /// What the relay held during the whole visit, and a new seal covers, is stored: the point of the archive.
    var silentLosses: [SimulatedEvent] {
        let seals = page.coveragePut.filter(\.isSealed)
        guard let relay, !seals.isEmpty else { return [] }
        let old = coverageBefore.filter(\.isSealed)
        let linked = tables.sightings[page.relay] ?? [:]
        return seals.flatMap { seal in
            relay.owed(from: after.claimedAt, to: now, in: seal.lo.seconds...seal.hi.seconds).filter { event in
                tables.events[event.id].flatMap({ linked[$0] }).map(\.isGone) != false
                    && !old.contains { $0.holds(event) && seal.isNoLaterThan($0) }
            }
        }
    }

    static func words(_ losses: [SimulatedEvent]) -> [String] {
        losses.first.map {
            ["silent loss: \(losses.count) events within sealed seconds are missing, one of \($0.createdAt)"]
        } ?? []
    }
}

extension CoverageRow {
    var words: String { "\(lo.seconds)...\(hi.seconds)" }

    var isSealed: Bool { state == CoverageState.sealed.rawValue }

    /// A row that was cut out of another, or whose next look came nearer, says nothing new; what is sealed again is
    /// planned for later. One that was not answered waits a day, which is longer than any look here.
    fileprivate func isNoLaterThan(_ old: CoverageRow) -> Bool {
        guard rescanStep == old.rescanStep, let planned = old.rescanAt else { return false }
        return rescanAt.map { $0 <= planned || $0.seconds - planned.seconds > 50_000 } ?? false
    }

    fileprivate func holds(_ event: SimulatedEvent) -> Bool { (lo.seconds...hi.seconds).contains(event.createdAt) }
}
