public import Crypto
public import Database
internal import Nostr
internal import Settings

/// One visit of one relay under a fenced lease: what is new first, then the history that is left.
///
/// Pages are fetched one after the other. While a page is being stored the next one is fetched and verified, so at
/// most two pages are repeated after a kill; the frontier moves in the transaction that stores the page behind it.
public struct RelayVisit: Sendable {
    private let lease: RelayLease
    private let transport: any RelayTransport
    private let brotr: Brotr
    private let verifier: SchnorrVerifier
    private let settings: SyncSettings
    private let control: VisitControl

    /// A visit of the leased relay, which `control` can end early.
    public init(
        lease: RelayLease, transport: any RelayTransport, brotr: Brotr, verifier: SchnorrVerifier,
        settings: SyncSettings, control: VisitControl
    ) {
        self.lease = lease
        self.transport = transport
        self.brotr = brotr
        self.verifier = verifier
        self.settings = settings
        self.control = control
    }

    /// Visits the relay.
    /// - Throws: `DatabaseError`, `CancellationError`; failures of the relay are in the report.
    public func run() async throws -> VisitReport {
        let session: any RelaySession
        do {
            session = try await transport.connect(to: lease.url)
        } catch let error as CancellationError {
            throw error
        } catch {
            var report = VisitReport(relay: lease.relay, network: lease.network)
            report.ending = .failed(transport.failureKind(error))
            return report
        }
        return try await control.guarding(session) { try await read(session) }
    }

    /// What lives as long as the visit.
    private struct Reading {
        var progress: VisitProgress
        var preparer: PagePreparer
        var capSeen: Int
    }

    private func read(_ session: any RelaySession) async throws -> VisitReport {
        var report = VisitReport(relay: lease.relay, network: lease.network)
        let stored = try await brotr.relayCoverage(lease.relay).compactMap(CoverageMap.Interval.init)
        let state = WalkState(lease)
        var reading = Reading(
            progress: VisitProgress(
                state: state, coverage: CoverageMap(stored: stored), now: lease.databaseNow),
            preparer: PagePreparer(relay: lease.relay, brotr: brotr, verifier: verifier, settings: settings),
            capSeen: Int(lease.capSeen ?? 0))
        let settled = UnixTime(seconds: lease.databaseNow.seconds - Int64(settings.overlap.value))
        for stretch in state.stretches(settled: settled) where report.ending == .complete {
            try await walk(stretch, session, &reading, &report)
        }
        report.sealedHi = reading.progress.state.sealedHi
        return report
    }

    /// Reads one stretch page by page, one commit behind.
    private func walk(
        _ stretch: WalkState.Stretch, _ session: any RelaySession, _ reading: inout Reading,
        _ report: inout VisitReport
    ) async throws {
        let writer = PageWriter(lease: lease, brotr: brotr)
        var plan = WalkPlan(stretch, capSeen: reading.capSeen, settings: settings, now: lease.databaseNow)
        try await withThrowingTaskGroup(of: PageWriter.Result.self) { commits in
            while case .ask(let request) = plan.next() {
                guard control.mayContinue else {
                    report.ending = .yielded
                    break
                }
                let raw = try await session.page(request.filter, budget: settings.pageBudget(request))
                let page = FetchedPage(raw, request: request)
                report.count(page)
                let progress = plan.absorb(page.facts)
                reading.capSeen = max(reading.capSeen, plan.capSeen)
                let change = reading.progress.apply(progress, verdict: plan.verdict, of: stretch)
                let prepared = try await reading.preparer.prepare(page)
                report.count(prepared)
                guard try await finishCommit(&commits, &report) else { return }
                let cap = reading.capSeen
                guard !(prepared.isEmpty && change.isEmpty) else { continue }
                commits.addTask { try await writer.write(prepared, change, capSeen: cap) }
            }
            guard try await finishCommit(&commits, &report) else { return }
            if let verdict = plan.verdict { report.end(verdict, isStopped: !control.mayContinue) }
        }
    }

    /// Waits for the page being stored; false when it was refused.
    private func finishCommit(
        _ commits: inout ThrowingTaskGroup<PageWriter.Result, any Error>, _ report: inout VisitReport
    ) async throws -> Bool {
        guard let result = try await commits.next() else { return true }
        for answer in result.answers { report.count(answer) }
        if !result.isAccepted { report.ending = .leaseLost }
        // The day sums in memory count events the database refused: a new visit begins with those it holds.
        if result.isAccepted && result.hasPoison { report.ending = .yielded }
        return report.ending == .complete || (report.ending == .yielded && !result.hasPoison)
    }
}

extension VisitReport {
    /// Takes over how the last walk ended. A walk cut off because the visit was stopped has not failed.
    fileprivate mutating func end(_ verdict: WalkPlan.Verdict, isStopped: Bool) {
        switch verdict {
        case .reachedEnd: break
        case .inconclusive where isStopped: ending = .yielded
        case .inconclusive(let reason): ending = .failed(reason.rawValue)
        case .unpageable(let reason): ending = .unpageable(reason)
        }
    }
}

extension WalkPlan {
    /// The walk through one stretch.
    init(_ stretch: WalkState.Stretch, capSeen: Int, settings: SyncSettings, now: UnixTime) {
        var limits = Limits()
        limits.pageSize = settings.pageSize
        limits.smallestPage = min(limits.smallestPage, settings.pageSize)
        let (lo, frontier): (UnixTime, UnixTime?) =
            switch stretch {
            case .fresh(let lo, _), .head(let lo, _): (lo, nil)
            case .history(let lo, let frontier, _): (lo, frontier)
            }
        // Events made within the last minutes may arrive live between the stored ones.
        let liveAfter = UnixTime(seconds: now.seconds - 300)
        self.init(lo: lo, frontier: frontier, capSeen: capSeen, limits: limits, liveAfter: liveAfter)
    }
}

extension SyncSettings {
    /// A page may hold twice what was asked for before it is cut off: relays add live events, not more.
    func pageBudget(_ request: PageRequest) -> PageBudget {
        PageBudget(
            events: request.limit * 2, bytes: pageBytes.bytes, progressTimeout: progressTimeout.duration,
            totalTimeout: pageTimeout.duration)
    }
}
