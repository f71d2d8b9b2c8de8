internal import Database
internal import Nostr

/// What set reconciliation (NIP-77) proves.
extension VisitProgress {
    /// A closed interval of seconds to be compared as one.
    struct Window: Sendable, Equatable {
        var seconds: ClosedRange<Int64>
        /// Place in the schedule of re-scans.
        var step: Int16?

        /// The older and the newer half; nil for one second.
        var halves: (older: Window, newer: Window)? {
            guard seconds.lowerBound < seconds.upperBound else { return nil }
            let middle = seconds.lowerBound + (seconds.upperBound - seconds.lowerBound) / 2
            return (
                Window(seconds: seconds.lowerBound...middle, step: step),
                Window(seconds: (middle + 1)...seconds.upperBound, step: step)
            )
        }
    }

    /// What is due and was read before, neighbours as one, oldest first. What was never read is for pages: they bring
    /// the events themselves and not only their ids.
    var windows: [Window] {
        var windows: [Window] = []
        for case .interval(let interval) in coverage.due(at: now).reversed() where interval.state != .open {
            if let last = windows.last, last.seconds.upperBound == interval.lo - 1 {
                let step = [last.step, interval.rescanStep].compactMap { $0 }.min()
                windows[windows.count - 1] = Window(seconds: last.seconds.lowerBound...interval.hi, step: step)
            } else {
                windows.append(Window(seconds: interval.lo...interval.hi, step: interval.rescanStep))
            }
        }
        return windows
    }

    /// The sets of a window are equal now.
    /// - Parameters:
    ///   - items: events in it.
    ///   - cap: the largest page so far.
    mutating func seal(_ window: Window, items: Int, cap: Int) -> Change {
        var seen = RelayBehaviour()
        seen.negentropy = true
        var change = Change(behaviour: learn(seen))
        var evidence = Step(stretch: .interval(.init(lo: 0, hi: 0, state: .open)), progress: .init())
        evidence.cap = cap
        let (lo, hi) = (window.seconds.lowerBound, window.seconds.upperBound)
        coverage.set(sealed(.negentropy, lo, hi, after: window.step, evidence, items: items), closesGaps: true)
        change.coverage = coverage.changes
        coverage.markStored()
        return change
    }

    /// One second is too large to be compared: where it is too large for pages too, it waits for a change of the
    /// software.
    mutating func leaveToPages(_ window: Window) -> Change {
        postponeCrowdedSeconds(in: window.seconds, Change())
    }

    /// The relay does not reconcile: gaps that waited for it wait for a change of its software.
    mutating func giveUpSets() -> Change {
        var seen = RelayBehaviour()
        seen.negentropy = false
        return postponeCrowdedSeconds(in: Int64.min...Int64.max, Change(behaviour: learn(seen)))
    }

    /// Gaps of one second that waited for sets are tried again with the other gaps.
    private mutating func postponeCrowdedSeconds(in seconds: ClosedRange<Int64>, _ change: Change) -> Change {
        var change = change
        for var interval in coverage.intervals
        where interval.reason == .saturatedSecond && seconds.contains(interval.lo) {
            interval.rescanAt = schedule.retry(now: now.seconds)
            coverage.set(interval)
        }
        change.coverage = coverage.changes
        coverage.markStored()
        return change
    }
}
