internal import Database
internal import Nostr

/// A stretch that a round got nothing out of.
struct Unanswered: Sendable {
    let stretch: WalkState.Stretch
    /// What the relay says of it, or that it says nothing.
    let reason: CoverageReason

    var isRefused: Bool { reason.isRefusal }
}

extension CoverageReason {
    /// The relay said no.
    fileprivate var isRefusal: Bool { self == .auth || self == .payment || self == .restricted }

    /// Why a gap is left where answers end like this; nil where that says nothing of what was asked about.
    init?(_ failure: InconclusiveReason) {
        switch failure {
        case .authRequired: self = .auth
        case .paymentRequired: self = .payment
        case .restricted: self = .restricted
        case .timedOut, .disconnected, .closed, .contradicted: self = .unanswered
        case .rateLimited, .overBudget: return nil
        }
    }
}

/// What the relay does not answer about, or refuses: it is left, so that what is older has its turn.
extension VisitProgress {
    /// Rounds in a row that get nothing out of a stretch before it is left.
    static let patience = 3
    /// Seconds that are left first, and how many times more with each further round.
    private static let firstLeft: Int64 = 256
    /// What is not longer than this is left as a whole.
    private static let day: Int64 = 86_400

    /// A round is over.
    /// - Parameters:
    ///   - unanswered: what it got nothing out of, through the relay's fault.
    ///   - hasAnswered: the relay answered something in this round.
    ///   - failures: visits in a row before that failed.
    mutating func settle(_ unanswered: Unanswered?, hasAnswered: Bool, failures: Int32) -> Change {
        var change = Change()
        if let unanswered, !hasAnswered {
            // Silence says nothing of this stretch. The others are asked once a day.
            guard unanswered.isRefused, failures > 0 || unanswered.reason != .auth else { return change }
            refuse(unanswered, &change)
        } else {
            var note = note
            note.unanswered = unanswered == nil ? 0 : note.unanswered + 1
            change.behaviour = keep(note)
            if let unanswered { leave(unanswered, after: note.unanswered - Self.patience, &change) }
        }
        change.coverage = coverage.changes
        coverage.markStored()
        return change
    }

    /// Nothing of what was to be read is served: it is a gap from one end to the other, and new time goes on.
    private mutating func refuse(_ unanswered: Unanswered, _ change: inout Change) {
        leaveWhole(unanswered, &change)
        if case .head = unanswered.stretch, let history = state.history {
            leave(history, unanswered.reason, &change)
        }
    }

    private mutating func leave(_ unanswered: Unanswered, after rounds: Int, _ change: inout Change) {
        guard rounds >= 0 else { return }
        switch unanswered.stretch {
        case _ where unanswered.isRefused: leaveWhole(unanswered, &change)
        // A head has nothing below it that would have to wait for it.
        case .fresh, .head: return
        case .history(let lo, let frontier, _):
            let top = state.frontier ?? frontier
            guard let left = seconds(lo.seconds, top.seconds, after: rounds) else {
                return leave(unanswered.stretch, unanswered.reason, &change)
            }
            coverage.set(gap(unanswered.reason, left.lowerBound, left.upperBound))
            state.frontier = UnixTime(seconds: left.lowerBound - 1)
            change.frontier = state.frontier
        case .interval(let interval):
            let top = top ?? interval.hi
            guard interval.lo <= top else { return }
            leave(interval, seconds(interval.lo, top, after: rounds) ?? interval.lo...top, unanswered.reason)
        }
    }

    private mutating func leaveWhole(_ unanswered: Unanswered, _ change: inout Change) {
        guard case .interval(let interval) = unanswered.stretch else {
            return leave(unanswered.stretch, unanswered.reason, &change)
        }
        let top = top ?? interval.hi
        if interval.lo <= top { leave(interval, interval.lo...top, unanswered.reason) }
    }

    /// What was read before stays what it is, and is looked at again another day.
    private mutating func leave(
        _ interval: CoverageMap.Interval, _ seconds: ClosedRange<Int64>, _ reason: CoverageReason
    ) {
        guard !interval.isUnread else {
            return coverage.set(gap(reason, seconds.lowerBound, seconds.upperBound, after: interval))
        }
        var rest = interval.part(seconds.lowerBound, seconds.upperBound)
        rest.rescanAt = schedule.retry(now: now.seconds)
        coverage.set(rest)
    }

    /// The newest seconds of what is left: few at first, then ever more, for nobody knows how far down the relay is
    /// silent. Nil for all.
    private func seconds(_ lo: Int64, _ top: Int64, after rounds: Int) -> ClosedRange<Int64>? {
        guard top - lo >= Self.day else { return nil }
        let count = rounds < 6 ? Self.firstLeft << (4 * Int64(rounds)) : .max
        return (top - min(count, (top - lo) / 2) + 1)...top
    }

    /// One that was left unanswered before waits longer each time.
    func gap(
        _ reason: CoverageReason, _ lo: Int64, _ hi: Int64, after before: CoverageMap.Interval? = nil
    ) -> CoverageMap.Interval {
        var gap = CoverageMap.Interval(lo: lo, hi: hi, state: .gap, reason: reason)
        let times = before?.reason == .unanswered ? max(before?.rescanStep ?? 0, 0) : 0
        gap.rescanAt = schedule.retry(now: now.seconds, after: times)
        if reason == .unanswered { gap.rescanStep = times == .max ? times : times + 1 }
        return gap
    }
}

extension CoverageMap {
    /// What was refused is due again.
    mutating func retryRefused(at time: Int64) {
        for var interval in intervals where interval.reason?.isRefusal == true {
            interval.rescanAt = min(interval.rescanAt ?? time, time)
            set(interval)
        }
    }
}

extension CoverageMap.Interval {
    /// Nothing of it counts as read.
    var isUnread: Bool { state == .open || state == .gap }

    /// Place in the schedule of looks at what was read; a gap has none.
    var lookStep: Int16? { state == .gap ? nil : rescanStep }
}
