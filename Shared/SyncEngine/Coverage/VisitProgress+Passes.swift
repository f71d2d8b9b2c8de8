internal import Database
internal import Nostr

/// Further passes over what was read before.
extension VisitProgress {
    mutating func look(_ step: Step, _ interval: CoverageMap.Interval, _ change: inout Change) {
        defer { if case .reachedEnd = step.verdict { noteYield(of: interval.lookStep, found, &change) } }
        guard let part = part(step.progress, step.verdict, of: step.stretch) else { return }
        top = part.lowerBound - 1
        let (lo, hi) = (part.lowerBound, part.upperBound)
        // What is read for the first time here has nothing to be compared with.
        let isFirst = interval.isUnread
        if let difference = step.difference {
            found.late += difference.fresh
            found.all += difference.shown
        }
        guard !isFirst, let difference = step.difference, difference.isNone else {
            coverage.set(provisional(lo, hi, step), closesGaps: isFirst)
            return
        }
        let proof = step.isHinted ? CoverageProof.finishHint : .twoWalks
        coverage.set(sealed(proof, lo, hi, after: interval.rescanStep, step, items: difference.shown))
    }

    /// What a look at an interval found says when others of its age are to come.
    mutating func noteYield(of look: Int16?, _ found: Found, _ change: inout Change) {
        guard let look, look > 0 else { return }
        var yield = yield
        let isNearer = yield.note(look: look, late: found.late, of: found.all)
        if isNearer {
            coverage.hasten(look, to: schedule.next(after: look - 1, now: now.seconds, yield).at)
        }
        var seen = RelayBehaviour()
        seen.rescans = yield.word
        change.add(learn(seen))
    }

    func provisional(_ lo: Int64, _ hi: Int64, _ step: Step?) -> CoverageMap.Interval {
        var interval = CoverageMap.Interval(lo: lo, hi: hi, state: .provisional)
        interval.plan(schedule.secondPass(now: now.seconds))
        if let step { interval.setEvidence(items: step.items, cap: step.cap) }
        return interval
    }

    /// A relay that once contradicted itself can agree with itself, but not prove anything.
    func sealed(
        _ proof: CoverageProof, _ lo: Int64, _ hi: Int64, after step: Int16?, _ evidence: Step, items: Int?
    ) -> CoverageMap.Interval {
        let isProven = doubts.allow(proof)
        var interval = CoverageMap.Interval(lo: lo, hi: hi, state: isProven ? .sealed : .settled)
        interval.proof = isProven ? proof : nil
        interval.plan(schedule.next(after: step, now: now.seconds, yield))
        interval.setEvidence(items: items, cap: evidence.cap)
        return interval
    }
}

extension CoverageMap.Interval {
    fileprivate mutating func plan(_ look: RescanSchedule.Plan) {
        rescanAt = look.at
        rescanStep = look.step
    }

    /// Of one page unless said otherwise; neighbours that join add up.
    mutating func setEvidence(pages: Int = 1, items: Int?, cap: Int) {
        self.pages = Int32(clamping: pages)
        self.items = items.map(Int64.init)
        self.cap = Int32(clamping: cap)
    }
}
