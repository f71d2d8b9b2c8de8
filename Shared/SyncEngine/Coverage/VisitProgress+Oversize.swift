internal import Database
internal import Nostr

/// Gaps around what is too large for an answer. They are narrowed by looks at their halves, in the next visits, until
/// one second is left or looks gain nothing; then they are looked at once a day.
extension VisitProgress {
    /// Times that both halves of a gap were too large, after which narrowing it is left for the day.
    private static let mostFruitless: Int16 = 3
    /// `rescanStep` of a half that has not been asked about by itself: it is looked at as a whole.
    fileprivate static let untried: Int16 = -1

    /// Notes what a walk passed over, or what a look got nothing out of.
    mutating func setOversized(_ lo: Int64, _ hi: Int64, _ stretch: WalkState.Stretch) {
        var gap = gap(.oversize, lo, hi)
        guard case .interval(let interval) = stretch, stretch.isOversize else {
            gap.rescanAt = now.seconds
            return coverage.set(gap)
        }
        guard lo < hi, !hasNarrowedNeighbour(above: hi) else { return coverage.set(gap) }
        // Later than what is due: the other half has its turn first, and the two stay rows of their own.
        (gap.rescanAt, gap.rescanStep) = (now.seconds + 1, max(interval.rescanStep ?? 0, 0))
        coverage.set(gap)
        markUntried(below: lo)
    }

    private mutating func markUntried(below second: Int64) {
        guard var older = coverage.intervals.first(where: { $0.hi + 1 == second }), older.reason == .oversize,
            let planned = older.rescanAt, planned <= now.seconds
        else { return }
        older.rescanStep = Self.untried
        coverage.set(older)
    }

    /// Whether the newer half is too large as well: then this look made nothing smaller. The newer one is narrowed
    /// alone, a few times more.
    private mutating func hasNarrowedNeighbour(above hi: Int64) -> Bool {
        guard var newer = coverage.intervals.first(where: { $0.lo - 1 == hi }), newer.reason == .oversize,
            newer.lo < newer.hi, let planned = newer.rescanAt, planned <= now.seconds + 1
        else { return false }
        let times = max(newer.rescanStep ?? 0, 0) + 1
        newer.rescanStep = times < Self.mostFruitless ? times : nil
        if newer.rescanStep == nil { newer.rescanAt = schedule.retry(now: now.seconds) }
        coverage.set(newer)
        return true
    }

    /// Seconds right above a stretch that were passed over because what stands there is too large; nil where none may
    /// be: of a head nothing is kept from which the next visit could go on, and a gap is narrowed instead.
    func passed(above stretch: WalkState.Stretch) -> Int64? {
        switch stretch {
        case .head: nil
        case .fresh: 0
        case .interval where stretch.isOversize: nil
        case .interval(let interval): coverage.seconds(of: .oversize, above: interval.hi)
        case .history(_, let frontier, _): coverage.seconds(of: .oversize, above: frontier.seconds)
        }
    }
}

extension CoverageMap {
    /// What is to be read once more, in the order in which that is done. Gaps around what is too large come last, each
    /// by halves and those first that have waited longest: every attempt at one may cost the connection.
    func looks(at now: UnixTime) -> [WalkState.Stretch] {
        let due = due(at: now)
        let oversize = due.filter(\.isOversize).sorted { ($0.rescanAt, $1.hi) < ($1.rescanAt, $0.hi) }
        return due.filter { !$0.isOversize } + oversize.flatMap(\.halves)
    }

    /// Length of the gaps that begin right behind a second, one after the other; 0 where none does.
    fileprivate func seconds(of reason: CoverageReason, above second: Int64) -> Int64 {
        var last = second
        for next in intervals where next.lo > second {
            guard next.lo - 1 == last, next.reason == reason else { break }
            last = next.hi
        }
        return last - second
    }
}

extension WalkState.Stretch {
    /// Something in it was too large for an answer.
    var isOversize: Bool {
        if case .interval(let interval) = self { interval.reason == .oversize } else { false }
    }

    fileprivate var rescanAt: Int64 {
        if case .interval(let interval) = self { interval.rescanAt ?? 0 } else { 0 }
    }

    /// The newer and the older half of an interval; what cannot be halved as it is.
    fileprivate var halves: [WalkState.Stretch] {
        guard case .interval(let interval) = self, interval.lo < interval.hi,
            interval.rescanStep != VisitProgress.untried
        else { return [self] }
        let middle = interval.lo + (interval.hi - interval.lo) / 2
        return [interval.part(middle + 1, interval.hi), interval.part(interval.lo, middle)].map { .interval($0) }
    }
}
