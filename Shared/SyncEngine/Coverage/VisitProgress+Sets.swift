internal import Database
internal import Nostr

/// What set reconciliation (NIP-77) proves.
extension VisitProgress {
    /// A closed interval of seconds to be compared as one.
    struct Window: Sendable, Equatable {
        var seconds: ClosedRange<Int64>
        /// Place in the schedule of re-scans.
        var step: Int16?
        /// All of it was proven before, so that what is found is late.
        var isLook = false

        /// The older and the newer half; nil for one second.
        var halves: (older: Window, newer: Window)? {
            guard seconds.lowerBound < seconds.upperBound else { return nil }
            let middle = seconds.lowerBound + (seconds.upperBound - seconds.lowerBound) / 2
            return (
                Window(seconds: seconds.lowerBound...middle, step: step, isLook: isLook),
                Window(seconds: (middle + 1)...seconds.upperBound, step: step, isLook: isLook)
            )
        }
    }

    /// What is due and was read before, neighbours as one, oldest first. What was never read is for pages: they bring
    /// the events themselves and not only their ids.
    var windows: [Window] {
        var windows: [Window] = []
        for case .interval(let interval) in coverage.due(at: now).reversed() where interval.state != .open {
            let isLook = interval.state == .sealed || interval.state == .settled
            if let last = windows.last, last.seconds.upperBound == interval.lo - 1 {
                let step = [last.step, interval.lookStep].compactMap { $0 }.min()
                windows[windows.count - 1] = Window(
                    seconds: last.seconds.lowerBound...interval.hi, step: step, isLook: last.isLook && isLook)
            } else {
                windows.append(
                    Window(seconds: interval.lo...interval.hi, step: interval.lookStep, isLook: isLook))
            }
        }
        return windows
    }

    /// The sets of a window are equal now.
    /// - Parameters:
    ///   - found: events in it, and those that were not linked to the relay.
    ///   - look: with the last part of what was looked at as one, all that its parts brought.
    ///   - cap: the largest page so far.
    mutating func seal(_ window: Window, _ found: Found, of look: Found? = nil, cap: Int) -> Change {
        var change = Change(behaviour: learnSets(found))
        if let look, window.isLook { noteYield(of: window.step, look, &change) }
        cover(window, items: found.all, cap: cap)
        change.coverage = coverage.changes
        coverage.markStored()
        return change
    }

    /// The sets of the newest part of what a walk has left are equal now: it goes on below that part, or is over.
    mutating func seal(_ window: Window, of stretch: WalkState.Stretch, _ found: Found, cap: Int) -> Change {
        guard let (lo, hi) = stretch.walk else { return seal(window, found, cap: cap) }
        var change = Change(behaviour: learnSets(found))
        let left = UnixTime(seconds: window.seconds.lowerBound - 1)
        // What the relay says of the end of its pages is about those below.
        walkTop = left.seconds
        cover(window, items: found.all, cap: cap)
        if left >= lo {
            state.frontier = left
            change.frontier = left
            coverage.set(.walking, lo.seconds, left.seconds)
        } else {
            if case .fresh = stretch { change.tailSeen = newestAsked }
            endWalk(at: state.walkHi ?? hi, &change)
        }
        change.coverage = coverage.changes
        coverage.markStored()
        return change
    }

    /// It compares sets. An id that is not of the times that it was claimed for denies what the event itself says.
    private mutating func learnSets(_ found: Found) -> RelayBehaviour? {
        var seen = RelayBehaviour()
        seen.negentropy = true
        return learn(seen, Doubts(contradictions: found.misplaced))
    }

    private mutating func cover(_ window: Window, items: Int, cap: Int) {
        var evidence = Step(stretch: .interval(.init(lo: 0, hi: 0, state: .open)), progress: .init())
        evidence.cap = cap
        let (lo, hi) = (window.seconds.lowerBound, window.seconds.upperBound)
        coverage.set(sealed(.negentropy, lo, hi, after: window.step, evidence, items: items), closesGaps: true)
    }

    /// One second is too large to be compared: where it is too large for pages too, it waits for a change of the
    /// software.
    mutating func leaveToPages(_ window: Window) -> Change {
        postponeCrowdedSeconds(in: window.seconds, Change())
    }

    /// The relay does not reconcile: gaps that waited for it wait for a change of its software.
    mutating func giveUpSets(_ doubts: Doubts = Doubts()) -> Change {
        var seen = RelayBehaviour()
        seen.negentropy = false
        return postponeCrowdedSeconds(in: Int64.min...Int64.max, Change(behaviour: learn(seen, doubts)))
    }

    /// Gaps that waited for sets are tried again with the other gaps.
    private mutating func postponeCrowdedSeconds(in seconds: ClosedRange<Int64>, _ change: Change) -> Change {
        var change = change
        coverage.postpone(to: schedule.retry(now: now.seconds)) {
            $0.reason == .saturatedSecond && seconds.contains($0.lo)
                || $0.reason == .poison && $0.lo <= seconds.upperBound && $0.hi >= seconds.lowerBound
        }
        change.coverage = coverage.changes
        coverage.markStored()
        return change
    }
}

extension WalkState.Stretch {
    /// The bounds of a walk whose frontier is stored; nil for what has none.
    fileprivate var walk: (lo: UnixTime, hi: UnixTime)? {
        switch self {
        case .fresh(let lo, let hi), .history(let lo, _, let hi): (lo, hi)
        case .head, .interval: nil
        }
    }
}
