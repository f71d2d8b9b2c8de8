internal import Database
internal import Nostr

/// What becomes of coverage when the filter or the time range changes.
extension VisitProgress {
    /// Where the coverage was proven under another filter or range, nothing of it counts any more: what lies inside the
    /// range is open, nothing is said of what lies outside, and the walk under way is over. Empty where all is as
    /// before. Call before the first stretch.
    mutating func restart(under archive: ArchiveFilter) -> Change {
        self.archive = archive
        let digest = archive.digest
        guard (behaviour.filter ?? "") != digest else { return Change() }
        var seen = RelayBehaviour()
        seen.filter = digest
        var change = Change(behaviour: learn(seen))
        let read = [state.sealedHi, state.walkHi].compactMap { $0 }.max()
        // Above it a walk begins as ever.
        let hi = [read, archive.until].compactMap { $0 }.min()
        coverage.restart(
            read.flatMap { _ in hi }.flatMap { archive.since <= $0 ? archive.since.seconds...$0.seconds : nil })
        change.clearsWalk = state.walkHi != nil
        change.sealedHi = read
        state = WalkState(sealedHi: read)
        change.coverage = coverage.changes
        coverage.markStored()
        return change
    }
}
