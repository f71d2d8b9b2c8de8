internal import Nostr

/// Where the walk through one relay stands, as `relay_sync` holds it between visits.
///
/// `(frontier, walkHi]` is read, `[walkLo, frontier]` is still to be read, everything up to `sealedHi` was read
/// by earlier walks. Either all three walk columns are set or none.
struct WalkState: Sendable, Equatable {
    /// Newest second of the finished walks.
    var sealedHi: UnixTime?
    /// Oldest second of the walk under way.
    var walkLo: UnixTime?
    /// Newest second of the walk under way.
    var walkHi: UnixTime?
    /// Newest second of the walk under way that is not yet proven.
    var frontier: UnixTime?

    /// One stretch of reading within a visit.
    enum Stretch: Sendable, Equatable {
        /// A walk from the newest event down to `lo`; when it reaches its end, everything up to `hi` is read.
        case fresh(lo: UnixTime, hi: UnixTime)
        /// New time since an unfinished walk began; at its end the walk's upper bound rises to `hi`.
        case head(lo: UnixTime, hi: UnixTime)
        /// The unfinished walk, from its frontier down.
        case history(lo: UnixTime, frontier: UnixTime, hi: UnixTime)
        /// An interval of the coverage that is open, a gap to be tried again, or due for another look.
        case interval(CoverageMap.Interval)
    }

    /// The unfinished walk.
    var history: Stretch? {
        guard let walkLo, let walkHi, let frontier else { return nil }
        return .history(lo: walkLo, frontier: frontier, hi: walkHi)
    }

    /// What a visit reads first, in order: what is new, then the history that is left.
    /// - Parameters:
    ///   - settled: the newest second that may count as read: the database's now less the overlap.
    ///   - archive: of its range nothing is left out, and nothing outside of it is read.
    func stretches(settled: UnixTime, of archive: ArchiveFilter = .everything) -> [Stretch] {
        let hi = archive.until.map { min($0, settled) } ?? settled
        guard let walkHi, let history else {
            // A clock that once ran ahead must not keep us from asking for what is new.
            let read = sealedHi.map { min($0, settled).moved(by: 1) }
            let lo = max(read ?? UnixTime(seconds: 0), archive.since)
            return archive.ends(before: lo) ? [] : [.fresh(lo: lo, hi: hi)]
        }
        let lo = max(walkHi.moved(by: 1), archive.since)
        return archive.ends(before: lo) ? [history] : [.head(lo: lo, hi: hi), history]
    }
}

extension CoverageMap {
    /// What is to be read once more, newest first: open intervals, and those whose time has come.
    func due(at now: UnixTime) -> [WalkState.Stretch] {
        intervals.reversed().filter { interval in
            guard interval.state != .open, interval.state != .walking else { return interval.state == .open }
            return interval.rescanAt.map { $0 <= now.seconds } ?? false
        }.map(WalkState.Stretch.interval)
    }
}
