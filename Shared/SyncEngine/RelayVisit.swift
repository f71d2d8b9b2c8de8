internal import Database
internal import Nostr
internal import Settings

/// One visit of one relay under a fenced lease: what is new first, then the history that is left.
///
/// Pages are fetched one after the other. While a page is being stored the next one is fetched and verified, so at
/// most two pages are repeated after a kill; the frontier moves in the transaction that stores the page behind it.
struct RelayVisit: Sendable {
    let lease: RelayLease
    let context: SyncContext
    let queue: CommitQueue
    let settings: SynchronizingSettings
    let control: VisitControl
    /// What the addresses of all relays bear; the visits of a crew share it.
    var addresses = AddressBook()

    /// A visit of the leased relay, which `control` can end early. Its pages go through `queue`.
    init(
        _ context: SyncContext, queue: CommitQueue, lease: RelayLease, settings: SynchronizingSettings,
        control: VisitControl
    ) {
        self.context = context
        self.queue = queue
        self.lease = lease
        self.settings = settings
        self.control = control
    }

    /// Visits the relay.
    /// - Throws: `DatabaseError`, `CancellationError`; failures of the relay are in the report.
    func run() async throws -> VisitReport {
        guard !addresses.update({ $0.isBusy(lastOf: lease.url) }) else { return busy }
        let session: any RelaySession
        do {
            session = try await context.transport.connect(to: lease.url)
        } catch let error as CancellationError {
            throw error
        } catch {
            // A dial that was cut off by the end of the service says nothing about the relay.
            try Task.checkCancellation()
            guard control.isStopped else { return refused(error) }
            var report = VisitReport(lease)
            report.ending = .yielded
            return report
        }
        return try await readPaced(session)
    }

    var writer: PageWriter { PageWriter(lease: lease, queue: queue) }

    /// What lives as long as the visit.
    struct Reading {
        let archive: ArchiveFilter
        var progress: VisitProgress
        var preparer: PagePreparer
        var capSeen: Int
        var pageSize: Int
    }

    func read(_ session: any RelaySession) async throws -> VisitReport {
        var report = VisitReport(lease)
        let stored = try await context.store.relayCoverage(lease.relay).compactMap(CoverageMap.Interval.init)
        let behaviour = try await context.store.relayBehaviour(lease.relay)
        let archive = settings.archive
        var reading = Reading(
            archive: archive,
            progress: VisitProgress(
                state: WalkState(lease), coverage: CoverageMap(stored: stored), now: lease.databaseNow,
                schedule: settings.schedule, doubts: Doubts(behaviour), order: RelayOrder(behaviour),
                speaksNegentropy: behaviour.negentropy, archiveDigest: behaviour.filter),
            preparer: PagePreparer(relay: lease.relay, context: context, settings: settings.sync),
            capSeen: Int(lease.capSeen ?? 0),
            pageSize: min(settings.sync.pageSize, lease.pageSize.map { max(Int($0), 1) } ?? .max))
        let settled = UnixTime(seconds: lease.databaseNow.seconds - Int64(settings.sync.overlap.value))
        try await store(
            reading.progress.restart(under: archive), writer, reading)
        let stretches = reading.progress.state.stretches(settled: settled, of: archive)
        for stretch in stretches where report.ending == .complete {
            try await walk(stretch, session, &reading, &report)
        }
        try await compareSets(session, &reading, &report)
        for stretch in reading.progress.coverage.due(at: lease.databaseNow) where report.ending == .complete {
            try await walk(stretch, session, &reading, &report)
        }
        if Int32(clamping: reading.pageSize) != lease.pageSize {
            try await store(
                VisitProgress.Change(), writer, reading, isForced: true)
        }
        report.unpageable = reading.progress.coverage.unpageable
        if !control.isStopped { report.blameSilence() }
        return report
    }

    /// Reads one stretch page by page, one commit behind.
    private func walk(
        _ stretch: WalkState.Stretch, _ session: any RelaySession, _ reading: inout Reading,
        _ report: inout VisitReport
    ) async throws {
        var plan = WalkPlan(
            stretch, capSeen: reading.capSeen, pageSize: reading.pageSize, largest: settings.sync.pageSize,
            now: lease.databaseNow, order: reading.progress.order, archive: reading.archive)
        var record = PassRecord()
        report.isStuck = true
        reading.progress.begin(stretch)
        try await withThrowingTaskGroup(of: PageWriter.Result.self) { commits in
            while case .ask(let request) = plan.next() {
                guard control.mayContinue else {
                    report.ending = .yielded
                    break
                }
                let raw = try await session.page(request.filter, budget: settings.sync.pageBudget(request))
                let page = FetchedPage(raw, request: request)
                report.count(page)
                let doubts = plan.doubts
                var step = VisitProgress.Step(stretch: stretch, progress: plan.absorb(page.facts))
                step.describe(page, plan, since: doubts)
                reading.capSeen = max(reading.capSeen, plan.capSeen)
                // A further pass asks for less on purpose: that is no size to begin the next visit with.
                if stretch.isFirstLook { reading.pageSize = plan.pageSize }
                var prepared = try await reading.preparer.prepare(page)
                report.count(prepared)
                try await compare(&step, &record, &prepared, &reading)
                // What was gone and is shown again was left out in between.
                step.doubts.contradictions += step.difference?.returned.count ?? 0
                let change = reading.progress.apply(step)
                if step.progress != WalkPlan.Progress() || step.verdict != nil { report.isStuck = false }
                report.isUnordered = plan.order == .unordered
                guard try await finishCommit(&commits, &report) else { return }
                guard !(prepared.isEmpty && change.isEmpty) else { continue }
                let (cap, pageSize) = (reading.capSeen, reading.pageSize)
                commits.addTask { [prepared] in
                    try await writer.write(prepared, change, capSeen: cap, pageSize: pageSize)
                }
            }
            guard try await finishCommit(&commits, &report) else { return }
            try await leave(stretch, &plan, writer, &reading, &report)
            if let verdict = plan.verdict { report.end(verdict, isStopped: control.isStopped) }
        }
    }

    /// Of a further pass: notes what a page showed, and compares the part that it completed with what is stored.
    private func compare(
        _ step: inout VisitProgress.Step, _ record: inout PassRecord, _ prepared: inout PreparedPage,
        _ reading: inout Reading
    ) async throws {
        guard case .interval = step.stretch else { return }
        record.add(prepared)
        guard let part = reading.progress.part(step.progress, step.verdict, of: step.stretch) else { return }
        let stored = try await context.store.relaySightings(
            lease.relay, from: UnixTime(seconds: part.lowerBound), to: UnixTime(seconds: part.upperBound),
            limit: settings.sync.mostCompared, matching: reading.archive.filter)
        let difference = record.close(part, stored: stored ?? [], gap: step.progress.gap)
        // A part too large to compare stays unproven.
        guard stored != nil else { return }
        try await reading.preparer.amend(&prepared, with: difference)
        step.difference = difference
    }

    /// What a walk that was cut off leaves behind so that the next visit does not begin it again.
    private func leave(
        _ stretch: WalkState.Stretch, _ plan: inout WalkPlan, _ writer: PageWriter, _ reading: inout Reading,
        _ report: inout VisitReport
    ) async throws {
        guard report.ending == .yielded, plan.verdict == nil, !control.isStopped else { return }
        if let progress = plan.leaveCrowdedSecond(atOnce: report.isStuck) {
            report.isStuck = false
            var step = VisitProgress.Step(stretch: stretch, progress: progress)
            step.cap = reading.capSeen
            try await store(reading.progress.apply(step), writer, reading)
        }
        try await store(reading.progress.leaveHead(at: plan.frontier, stretch), writer, reading)
    }

    func store(
        _ change: VisitProgress.Change, _ writer: PageWriter, _ reading: Reading, isForced: Bool = false
    ) async throws {
        guard isForced || !change.isEmpty else { return }
        var nothing = PreparedPage()
        nothing.parts = [PreparedPage.Part()]
        _ = try await writer.write(nothing, change, capSeen: reading.capSeen, pageSize: reading.pageSize)
    }

    /// Waits for the page being stored; false when it was refused.
    private func finishCommit(
        _ commits: inout ThrowingTaskGroup<PageWriter.Result, any Error>, _ report: inout VisitReport
    ) async throws -> Bool {
        guard let result = try await commits.next() else { return true }
        report.count(result)
        return report.ending == .complete || (report.ending == .yielded && !result.hasPoison)
    }
}
