internal import Database
internal import Nostr

/// What a round leaves for the next visit to keep in mind.
extension RelayVisit {
    /// Nil where the stretch got on, or the relay is not to blame.
    func unanswered(_ walking: Walking, _ report: VisitReport) -> Unanswered? {
        guard report.isStuck, !control.isStopped, let failure = report.unanswered,
            let reason = CoverageReason(failure)
        else { return nil }
        // A page that takes too long may come when it is smaller.
        guard failure != .timedOut || walking.plan.isSmallest else { return nil }
        return Unanswered(stretch: walking.stretch, reason: reason)
    }

    /// Counts what was left unanswered and leaves it in the end; notes how large pages may be.
    func settle(_ reading: inout Reading, _ report: VisitReport) -> VisitProgress.Change {
        // One that refuses its history may answer what is new.
        let isRefusal = report.isPartial && reading.unanswered?.isRefused == true
        var change = reading.progress.settle(
            reading.unanswered, hasAnswered: report.conclusivePages > 0 || isRefusal, failures: lease.fails)
        var note = reading.progress.note
        let usual = max(1, reading.pageSize * 2 / 3)
        note.lookSize = reading.lookSize.map { $0 < usual ? $0 : 0 } ?? 0
        note.isBounded = reading.isBounded
        if let comparesSets = reading.comparesSets { note.setsLost = comparesSets ? 0 : note.setsLost + 1 }
        if reading.progress.behaviour.negentropy != true { note.setsLost = 0 }
        change.add(reading.progress.keep(note))
        return change
    }
}

extension VisitProgress.Change {
    /// Something else that was learnt of the relay.
    mutating func add(_ seen: RelayBehaviour?) {
        guard let seen else { return }
        behaviour = (behaviour ?? RelayBehaviour()).merging(seen)
    }
}
