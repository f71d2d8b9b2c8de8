internal import Database
internal import Nostr
internal import Settings

/// One visit of one relay under a fenced lease: what is new first, then the history that is left.
///
/// A visit is one such round, and further ones where it may stay: then the relay is followed meanwhile and in between.
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
    /// What their pages may hold in memory, likewise.
    let memory: PageMemory
    /// For their comparisons of sets, likewise.
    var places: Places
    /// Relays on which no subscription is opened, likewise.
    var unfollowed = UnfollowedRelays()
    /// Told of each round but the last, whose report is the visit's.
    var onRound: @Sendable (VisitReport) -> Void = { _ in }
    /// When it began: the database's time goes on from here.
    let began: Duration

    /// A visit of the leased relay, which `control` can end early. Its pages go through `queue`.
    /// - Parameter memory: of all visits of a crew; nil for one of its own.
    init(
        _ context: SyncContext, queue: CommitQueue, lease: RelayLease, settings: SynchronizingSettings,
        control: VisitControl, memory: PageMemory? = nil
    ) {
        self.context = context
        self.queue = queue
        self.lease = lease
        self.settings = settings
        self.control = control
        self.memory = memory ?? PageMemory(bytes: settings.sync.pageMemory.bytes)
        places = Places(settings.sync.comparisons)
        began = context.clock.now()
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

    /// What each round of it may download.
    var share: ByteShare { ByteShare(settings.budget, lease.deficitBytes) }

    /// What is taken of each event.
    var pageLimits: FetchedPage.Limits {
        .init(event: context.eventLimits, quarantineBytes: settings.sync.quarantineBytes.bytes)
    }

    var writer: PageWriter { PageWriter(lease: lease, queue: queue) }

    /// What lives as long as the visit.
    struct Reading {
        let archive: ArchiveFilter
        var progress: VisitProgress
        var calibration: Calibration
        var preparer: PagePreparer
        var choice: ReadingChoice
        var capSeen: Int
        var pageSize: Int
        /// As it stands in the relay's row.
        var storedPageSize: Int?
        /// How the relay takes bounds of time, and whether this visit has tried to find out.
        let bounds: KnownBounds
        var hasAskedBounds = false
        /// Seconds that hold an answer's worth of events, of a relay that is read in windows of time.
        var span: Int64?
        /// Events that further passes ask for in a page, where that had to shrink.
        var lookSize: Int?
        /// An event dated ahead of the clock broke the connection.
        var isBounded: Bool
        /// What this round got nothing out of.
        var unanswered: Unanswered?
        /// Whether a comparison of sets came to its end in this round; nil where none was begun.
        var comparesSets: Bool?
        var live: LiveReading
        /// Answers of this connection so far whose EOSE came before their events.
        var earlyEnds = 0
        /// When the round began, and when its time is over.
        var roundBegan: Duration
        var deadline: Duration
        /// What its row says of the relay; nil until this visit has said it.
        var standing: RelayStanding?
        /// Time in which other relays compared their sets, and this one stood in line.
        var waited = Duration.zero
    }

    /// The database's time now, at the latest.
    var now: UnixTime { lease.databaseNow.moved(by: (context.clock.now() - began).components.seconds) }

    func mayContinue(_ reading: Reading) -> Bool { mayContinue(until: reading.deadline)() }

    func mayContinue(until deadline: Duration) -> @Sendable () -> Bool {
        { [control, clock = context.clock] in control.mayContinue && clock.now() < deadline }
    }

    func rounds(
        _ session: any RelaySession, _ tail: Tail?, _ behaviour: RelayBehaviour
    ) async throws -> VisitReport {
        var reading = try await begin(tail, behaviour)
        let session = WideningSession(session, reading.bounds)
        try await store(reading.progress.restart(under: reading.archive), writer, reading)
        var report = VisitReport(lease)
        while true {
            try await read(session, &reading, &report)
            guard try await stay(&reading, &report) else {
                report.isCutOff = control.isStopped
                return report
            }
            onRound(report)
            report = VisitReport(lease)
            reading.progress.beginRound(at: now)
            (reading.roundBegan, reading.deadline) = roundTimes()
        }
    }

    private func roundTimes() -> (began: Duration, deadline: Duration) {
        let now = context.clock.now()
        return (now, now + settings.budget.visit.duration)
    }

    private func begin(_ tail: Tail?, _ behaviour: RelayBehaviour) async throws -> Reading {
        let stored = try await context.store.relayCoverage(lease.relay).compactMap(CoverageMap.Interval.init)
        var coverage = CoverageMap(stored: stored)
        // One that served us nothing until now is read as soon as it answers what is new.
        if lease.isRefused { coverage.retryRefused(at: now.seconds) }
        let (note, round) = (ReadingNote(behaviour.reading), roundTimes())
        return Reading(
            archive: settings.archive,
            progress: VisitProgress(
                state: WalkState(lease), coverage: coverage, now: now,
                schedule: settings.schedule, behaviour: behaviour),
            calibration: Calibration(coverage, behaviour),
            preparer: PagePreparer(relay: lease.relay, context: context, settings: settings.sync),
            choice: ReadingChoice(pageSize: settings.sync.pageSize, failures: max(lease.fails, Int32(note.unanswered))),
            capSeen: Int(lease.capSeen ?? 0),
            pageSize: min(settings.sync.pageSize, lease.pageSize.map { max(Int($0), 1) } ?? .max),
            storedPageSize: lease.pageSize.map(Int.init),
            bounds: KnownBounds(behaviour.bounds.flatMap(RelayBounds.init)), span: behaviour.span,
            lookSize: note.lookSize > 0 ? note.lookSize : nil, isBounded: note.isBounded, live: LiveReading(tail),
            roundBegan: round.began, deadline: round.deadline)
    }

    /// One round.
    private func read(
        _ session: any RelaySession, _ reading: inout Reading, _ report: inout VisitReport
    ) async throws {
        let (now, before) = (reading.progress.now, reading.progress.coverage)
        (reading.unanswered, reading.comparesSets) = (nil, nil)
        (report.isUnordered, report.unpageable) = (reading.progress.order == .unordered, before.unpageable)
        let settled = UnixTime(seconds: now.seconds - Int64(settings.sync.overlap.value))
        if let history = reading.progress.state.history, !looksAhead(at: now) {
            try await walk(history, session, &reading, &report)
            report.isPartial = report.ending != .complete
        }
        let stretches = reading.progress.state.stretches(settled: settled, of: reading.archive)
        for stretch in stretches where report.ending == .complete {
            try await walk(stretch, session, &reading, &report)
        }
        try await compareSets(session, &reading, &report)
        for stretch in reading.progress.coverage.looks(at: now) where report.ending == .complete {
            try await walk(stretch, session, &reading, &report)
        }
        let counted = try await observeCount(since: before, session, &reading, &report)
        var seen = await session.facts().behaviour(hasAnswered: report.conclusivePages > 0)
        seen.span = reading.span
        var change = control.isStopped ? VisitProgress.Change() : settle(&reading, report)
        change.add(reading.progress.learn(seen.merging(counted)))
        try await store(change, writer, reading, isForced: reading.pageSize != reading.storedPageSize)
        reading.storedPageSize = reading.pageSize
        report.unpageable = reading.progress.coverage.unpageable
        if !control.isStopped { report.blameSilence() }
    }

    /// Whether what is new comes first. A relay that is visited often for its history is asked for that as often as one
    /// that was read whole; and so is one that failed twice, for it may be its history alone that is not answered.
    private func looksAhead(at now: UnixTime) -> Bool {
        guard let asked = lease.tailSeen, lease.fails < 2 else { return true }
        return now >= asked.moved(by: Int64(settings.sync.revisitInterval.value))
    }

    func store(
        _ change: VisitProgress.Change, _ writer: PageWriter, _ reading: Reading, isForced: Bool = false
    ) async throws {
        guard isForced || !change.isEmpty else { return }
        var nothing = PreparedPage()
        nothing.parts = [PreparedPage.Part()]
        _ = try await writer.write(nothing, change, capSeen: reading.capSeen, pageSize: reading.pageSize)
    }
}
