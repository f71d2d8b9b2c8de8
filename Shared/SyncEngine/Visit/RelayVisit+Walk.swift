internal import Database
internal import Nostr
internal import Settings

/// One stretch of a relay's history, read page by page.
extension RelayVisit {
    /// What lives as long as one stretch is read.
    struct Walking {
        let stretch: WalkState.Stretch
        var plan: WalkPlan
        var choice: ReadingChoice
        var record = PassRecord()
        /// A second in which the relay has just shown an event, and nothing comes any more.
        var shown: UnixTime?
        /// A message that was too large has ended the connection: the next visit goes on.
        var isCutOff = false
    }

    /// What is on its way to the database while the next page is read.
    typealias Commits = ThrowingTaskGroup<PageWriter.Result, any Error>

    /// Reads one stretch page by page, one commit behind; by sets where most of it is stored already.
    func walk(
        _ stretch: WalkState.Stretch, _ session: any RelaySession, _ reading: inout Reading,
        _ report: inout VisitReport
    ) async throws {
        var walking = begin(stretch, &reading)
        report.isStuck = true
        defer {
            reading.choice = walking.choice
            reading.span = walking.plan.span
        }
        try await withThrowingTaskGroup(of: PageWriter.Result.self) { commits in
            while case .ask(let request) = walking.plan.next() {
                guard mayContinue(reading), report.bytes < share.bytes, !walking.isCutOff else {
                    report.ending = .yielded
                    break
                }
                if let second = walking.shown, reading.bounds.bounds == nil, !reading.hasAskedBounds {
                    guard try await finishCommit(&commits, &walking, &reading, &report) else { return }
                    try await observeBounds(second, session, &reading, &report)
                    guard report.ending == .complete else { return }
                }
                if let part = partForSets(walking, reading) {
                    guard try await finishCommit(&commits, &walking, &reading, &report) else { return }
                    try await readBySets(part, &walking, session, &reading, &report)
                    guard report.ending == .complete else { break }
                } else {
                    let goesOn = try await readPage(request, &walking, session, &commits, &reading, &report)
                    guard goesOn else { return }
                }
            }
            guard try await finishCommit(&commits, &walking, &reading, &report) else { return }
            try await leave(&walking, writer, &reading, &report)
            reading.unanswered = unanswered(walking, report)
            end(walking, &report)
        }
    }

    /// Takes over how the stretch ended. A gap that is being narrowed is none that the relay would have to be left for:
    /// where it cost the connection the next visit goes on.
    private func end(_ walking: Walking, _ report: inout VisitReport) {
        guard let verdict = walking.plan.verdict else { return }
        guard walking.stretch.isOversize else { return report.end(verdict, isStopped: control.isStopped) }
        if verdict != .unpageable(.oversize) { report.end(verdict, isStopped: control.isStopped) }
        if report.ending == .complete, walking.isCutOff { report.ending = .yielded }
    }

    private func begin(_ stretch: WalkState.Stretch, _ reading: inout Reading) -> Walking {
        reading.progress.begin(stretch)
        reading.live.watch(stretch)
        reading.choice.begin()
        let plan = WalkPlan(
            stretch, capSeen: reading.capSeen, pageSize: reading.pageSize, sync: settings.sync,
            now: reading.progress.now, order: reading.progress.order, archive: reading.archive,
            doubts: reading.progress.doubts, span: reading.span,
            passed: reading.progress.passed(above: stretch), lookSize: reading.lookSize, isBounded: reading.isBounded)
        return Walking(stretch: stretch, plan: plan, choice: reading.choice)
    }

    /// Asks for one page, takes it in, and sends it to the database once the page before is there; false when the
    /// visit is over.
    private func readPage(
        _ request: PageRequest, _ walking: inout Walking, _ session: any RelaySession, _ commits: inout Commits,
        _ reading: inout Reading, _ report: inout VisitReport
    ) async throws -> Bool {
        let hasTime = mayContinue(until: reading.deadline)
        let asked = try await asking(
            &reading, &report, before: { try await finishCommit(&commits, &walking, &$0, &$1) },
            { try await self.page(request, session, while: hasTime) })
        guard let asked else { return false }
        report.count(dropped: asked.dropped)
        // Neither room nor time: the walk leaves off where it is.
        guard let raw = asked.page else { return true }
        var page = FetchedPage(raw, request: request, limits: pageLimits)
        report.count(page)
        guard !isCutOff(page), !isOfTail(page, reading) else {
            (report.ending, report.isStuck) = (.yielded, false)
            return false
        }
        walking.isCutOff = page.facts.endsConnection && page.facts.ending == .inconclusive(.overBudget)
        walking.shown = page.facts.events.last { $0.createdAt < walking.plan.liveAfter }?.createdAt
        let isPage = walking.plan.isBetweenPages
        var prepared = try await reading.preparer.prepare(page)
        report.count(prepared)
        page.leaveOutForged(of: prepared)
        var step = absorb(page, request, &walking, &reading)
        step.doubts.contradictions += await newEarlyEnds(session, &reading)
        if walking.stretch.isCompared, prepared.hasNewEvents {
            // A comparison must not count what the database refuses.
            guard try await finishCommit(&commits, &walking, &reading, &report, ahead: &prepared),
                try await storeRows(of: &prepared, &reading, &report)
            else { return false }
            prepared.rowsAreStored()
        }
        try await compare(&step, &walking.record, &prepared, &reading)
        // What was gone and is shown again was left out in between.
        step.doubts.contradictions += step.difference?.returned.count ?? 0
        let change = reading.progress.apply(step)
        if step.getsOn { report.isStuck = false }
        report.isUnordered = walking.plan.order == .unordered
        guard try await finishCommit(&commits, &walking, &reading, &report, ahead: &prepared) else { return false }
        let shown = isPage ? ReadingChoice.Page(page, request, prepared, capSeen: walking.plan.capSeen) : nil
        guard !(prepared.isEmpty && change.isEmpty) else {
            if let shown { walking.choice.note(shown, new: 0) }
            return true
        }
        let (cap, pageSize) = (reading.capSeen, reading.pageSize)
        commits.addTask { [prepared] in
            var result = try await writer.write(prepared, change, capSeen: cap, pageSize: pageSize)
            result.page = shown
            return result
        }
        return true
    }

    /// A visit that is stopped closes the connection itself: what that cuts off says nothing of the relay.
    private func isCutOff(_ page: FetchedPage) -> Bool {
        if case .inconclusive = page.facts.ending { control.isStopped } else { false }
    }

    /// Answers that the relay called whole and went on with, since the page before. They are seen once something else
    /// is asked, so what they were about is proven by then; the doubt takes that back.
    private func newEarlyEnds(_ session: any RelaySession, _ reading: inout Reading) async -> Int {
        let ends = await session.facts().earlyEnds
        defer { reading.earlyEnds = ends }
        return ends - reading.earlyEnds
    }

    /// What a page proves, by the decisions of the walk.
    private func absorb(
        _ page: FetchedPage, _ request: PageRequest, _ walking: inout Walking, _ reading: inout Reading
    ) -> VisitProgress.Step {
        let doubts = walking.plan.doubts
        var step = VisitProgress.Step(stretch: walking.stretch, progress: walking.plan.absorb(page.facts))
        step.describe(page, walking.plan, since: doubts)
        step.behaviour = reading.calibration.observe(page.facts, request, capSeen: walking.plan.capSeen)
        reading.capSeen = max(reading.capSeen, walking.plan.capSeen)
        // A further pass asks for less on purpose: that is no size to begin the next visit with, but for another such.
        if walking.stretch.isFirstLook {
            reading.pageSize = walking.plan.pageSize
        } else if !walking.stretch.isOversize {
            reading.lookSize = walking.plan.pageSize
        }
        if walking.plan.isCutAhead { reading.isBounded = true }
        return step
    }

    /// Of a further pass: notes what a page showed, and compares the part that it completed with what is stored.
    private func compare(
        _ step: inout VisitProgress.Step, _ record: inout PassRecord, _ prepared: inout PreparedPage,
        _ reading: inout Reading
    ) async throws {
        guard case .interval = step.stretch else { return }
        record.add(prepared)
        record.add(live: reading.live.takeShown())
        guard let part = reading.progress.part(step.progress, step.verdict, of: step.stretch) else { return }
        var (slices, difference, isWhole) = ([part], PassRecord.Difference(), true)
        // A relay that lost much shows little of a part that is large here.
        while let slice = slices.popLast() {
            let stored = try await context.store.relaySightings(
                lease.relay, from: UnixTime(seconds: slice.lowerBound), to: UnixTime(seconds: slice.upperBound),
                limit: context.mostCompared, matching: reading.archive.filter)
            if stored == nil, slice.lowerBound < slice.upperBound {
                let middle = slice.lowerBound + (slice.upperBound - slice.lowerBound) / 2
                slices += [slice.lowerBound...middle, (middle + 1)...slice.upperBound]
                continue
            }
            var found = record.close(slice, stored: stored ?? [], gap: step.progress.gap)
            // What stands in a second that a bound leaves out is not shown, and not gone.
            if reading.bounds.bounds == nil, !found.gone.isEmpty { (found.gone, isWhole) = ([], false) }
            // A second too large to compare leaves its part unproven.
            isWhole = isWhole && stored != nil
            try await reading.preparer.amend(&prepared, with: found)
            difference.add(found)
        }
        if isWhole { step.difference = difference }
    }

    /// What a walk that was cut off leaves behind so that the next visit does not begin it again.
    private func leave(
        _ walking: inout Walking, _ writer: PageWriter, _ reading: inout Reading, _ report: inout VisitReport
    ) async throws {
        guard report.ending == .yielded, walking.plan.verdict == nil, !control.isStopped else { return }
        // One that was asked to yield was not given the time that it needs for a second.
        if control.mayContinue, let progress = walking.plan.leaveCrowdedSecond(atOnce: report.isStuck) {
            var step = VisitProgress.Step(stretch: walking.stretch, progress: progress)
            step.cap = reading.capSeen
            // It may have been the last second of the walk.
            step.verdict = walking.plan.verdict
            if step.getsOn { report.isStuck = false }
            try await store(reading.progress.apply(step), writer, reading)
        }
        try await store(reading.progress.leaveHead(at: walking.plan.frontier, walking.stretch), writer, reading)
    }

    /// Waits for the page being stored; false when the lease was lost.
    private func finishCommit(
        _ commits: inout Commits, _ walking: inout Walking, _ reading: inout Reading, _ report: inout VisitReport
    ) async throws -> Bool {
        var nothing = PreparedPage()
        return try await finishCommit(&commits, &walking, &reading, &report, ahead: &nothing)
    }

    /// - Parameter ahead: prepared meanwhile; what the database refused is taken out of its sums.
    private func finishCommit(
        _ commits: inout Commits, _ walking: inout Walking, _ reading: inout Reading, _ report: inout VisitReport,
        ahead: inout PreparedPage
    ) async throws -> Bool {
        guard let result = try await commits.next() else { return true }
        report.count(result)
        reading.preparer.leaveOut(result.refused)
        ahead.leaveOut(result.refused)
        if let page = result.page { walking.choice.note(page, new: result.eventsNew) }
        return report.ending == .complete || report.ending == .yielded
    }
}
