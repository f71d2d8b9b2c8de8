internal import Database
internal import Logging
internal import Nostr
internal import Settings
internal import Telemetry

/// Looks at what was read before, where the relay reconciles sets (NIP-77): some hundred bytes where nothing changed.
extension RelayVisit {
    /// Sessions of one visit that were halved; a relay that refuses more is left to pages.
    private static let mostHalves = 64
    /// Ids asked for at once.
    private static let idsAPage = 100
    /// How often an id is asked for that the relay claims to have.
    private static let fetches = 3

    /// Compares every window that is due. What remains due afterwards is for pages.
    func compareSets(_ session: any RelaySession, _ reading: inout Reading, _ report: inout VisitReport) async throws {
        guard reading.progress.behaviour.negentropy != false else { return }
        var windows = reading.progress.windows
        var halves = 0
        if !windows.isEmpty { report.isStuck = true }
        let (began, half) = (context.clock.now(), (reading.deadline + context.clock.now()) / 2)
        while report.ending == .complete, let window = windows.popLast() {
            guard mayContinue(reading) else { return report.ending = .yielded }
            // A relay that never comes to an end leaves the other half of the time to pages.
            if report.isStuck, context.clock.now() >= half { return try await leaveSets(since: began, &reading) }
            let comparison = SetComparison(
                session: session, store: context.store, relay: lease.relay, settings: settings.sync,
                archive: reading.archive, mayContinue: mayContinue(until: report.isStuck ? half : reading.deadline))
            reading.live.watch(window.seconds)
            let compared = try await asking(&reading, &report) { try await comparison.run(window.seconds) }
            guard let (ending, difference) = compared else { return }
            report.count(ending)
            switch ending {
            case .finished: try await take(difference, window, session, &reading, &report)
            case .inconclusive(.rateLimited): return
            case .inconclusive(.disconnected) where reading.progress.behaviour.negentropy != true && !control.isStopped:
                // It may be that the relay cannot bear the question: from now on it is read by pages alone.
                try await store(giveUpSets(ending, &reading), writer, reading)
                report.ending = .yielded
                report.isStuck = false
            case .inconclusive(.disconnected):
                report.ending = control.isStopped ? .yielded : .failed(InconclusiveReason.disconnected.rawValue)
            case let refused where refused.mayBeTooLarge(speaks: reading.progress.behaviour.negentropy == true):
                guard halves < Self.mostHalves else {
                    // No window was small enough, not once: the relay is left to pages like one that does not compare.
                    guard reading.progress.behaviour.negentropy != true else { return }
                    return try await store(giveUpSets(ending, &reading), writer, reading)
                }
                halves += 1
                guard let halves = window.halves else {
                    try await store(reading.progress.leaveToPages(window), writer, reading)
                    continue
                }
                windows += [halves.older, halves.newer]
            default:
                let change = giveUpSets(ending, &reading)
                return try await store(change, writer, reading)
            }
        }
    }

    /// Nothing came to its end. One that never did, and had its time, is read by pages alone from now on.
    private func leaveSets(since began: Duration, _ reading: inout Reading) async throws {
        let hadTime = context.clock.now() - began >= settings.budget.visit.duration / 4
        guard reading.progress.behaviour.negentropy != true, hadTime else { return }
        try await store(giveUpSets(.inconclusive(.overBudget), &reading), writer, reading)
    }

    private func giveUpSets(
        _ ending: ReconciliationEnding, _ reading: inout Reading
    ) -> VisitProgress.Change {
        context.logger.info(
            "sets_not_compared", metadata: [LogKey.relay: "\(lease.url)", LogKey.reason: "\(ending.word)"])
        return reading.progress.giveUpSets()
    }

    /// Takes up what the relay has and we lack, ends sightings it no longer has, and seals the window.
    private func take(
        _ difference: SetComparison.Difference, _ window: VisitProgress.Window, _ session: any RelaySession,
        _ reading: inout Reading, _ report: inout VisitReport
    ) async throws {
        var known: [EventID: KnownSighting] = [:]
        for ids in difference.need.parts(of: settings.sync.batchRows) {
            known.merge(try await context.store.storedEvents(ids)) { first, _ in first }
        }
        let unknown = difference.need.filter { known[$0] == nil }
        guard let phantoms = try await fetch(unknown, session, &reading, &report) else { return }
        // What came live meanwhile is linked already, and the relay has it.
        let live = Set(reading.live.takeShown().map(\.id))
        var changes = PassRecord.Difference()
        changes.gone = difference.gone.filter { !live.contains($0.id) }
        changes.returned = difference.need.filter { !live.contains($0) }
            .compactMap { id in known[id].map { .init(id: id, sighting: $0) } }
        var prepared = PreparedPage()
        try await reading.preparer.amend(&prepared, with: changes)
        if prepared.parts.isEmpty { prepared.parts = [PreparedPage.Part()] }
        let items = difference.held + difference.need.count - phantoms - difference.gone.count
        let change = reading.progress.seal(window, items: items, cap: reading.capSeen)
        if try await commit(prepared, change, reading, &report) { report.isStuck = false }
    }

    /// Downloads events by their ids and counts those that never came, noted one page after the other so that a visit
    /// that ends early has not asked in vain; nil when it did. What was noted lately is not asked for.
    private func fetch(
        _ ids: [EventID], _ session: any RelaySession, _ reading: inout Reading, _ report: inout VisitReport
    ) async throws -> Int? {
        let size = reading.capSeen > 0 ? min(reading.capSeen, Self.idsAPage) : Self.idsAPage
        var phantoms = 0
        for part in ids.parts(of: size) {
            var missing = part
            let noted = try await context.store.notedPhantoms(part, lease.relay)
            missing.removeAll(where: noted.contains)
            for _ in 0..<Self.fetches where !missing.isEmpty {
                guard let shown = try await fetchPage(missing, session, &reading, &report) else { return nil }
                missing.removeAll(where: shown.contains)
            }
            guard try await context.store.notePhantoms(missing, lease) else {
                report.ending = .leaseLost
                return nil
            }
            report.phantoms += missing.count
            phantoms += missing.count + noted.count
        }
        return phantoms
    }

    private func fetchPage(
        _ ids: [EventID], _ session: any RelaySession, _ reading: inout Reading, _ report: inout VisitReport
    ) async throws -> Set<EventID>? {
        guard mayContinue(reading) else {
            report.ending = .yielded
            return nil
        }
        let request = reading.archive.narrow(PageRequest(ids: ids))
        let raw = try await asking(&reading, &report) { try await self.page(request, session) }
        guard let raw else { return nil }
        let page = FetchedPage(raw, request: request)
        report.count(page)
        let prepared = try await reading.preparer.prepare(page)
        report.count(prepared)
        // What came is kept, whatever became of the rest.
        if !prepared.isEmpty {
            guard try await commit(prepared, VisitProgress.Change(), reading, &report) else { return nil }
        }
        if case .inconclusive(let reason) = page.facts.ending {
            report.ending = control.isStopped ? .yielded : .failed(page.failure ?? reason.rawValue)
            return nil
        }
        return Set(page.items.map(\.event.id))
    }

    /// Stores and counts; false when the visit is over by that.
    private func commit(
        _ prepared: PreparedPage, _ change: VisitProgress.Change, _ reading: Reading, _ report: inout VisitReport
    ) async throws -> Bool {
        report.count(
            try await writer.write(prepared, change, capSeen: reading.capSeen, pageSize: reading.pageSize))
        return report.ending == .complete
    }
}

extension ReconciliationEnding {
    /// For logs. What the relay said is cut at 512 bytes where it was received.
    fileprivate var word: String {
        switch self {
        case .finished: "finished"
        case .refused(_, let message, _): "refused: \(message)"
        case .unsupported: "unsupported"
        case .inconclusive(let reason): reason.rawValue
        case .malformed(let kind): "malformed: \(kind)"
        }
    }

    /// Whether a smaller window may get an answer. Silence of a relay that has reconciled before is one of those.
    fileprivate func mayBeTooLarge(speaks: Bool) -> Bool {
        switch self {
        case .inconclusive(.timedOut), .inconclusive(.overBudget): true
        case .unsupported: speaks
        default: isTooLarge
        }
    }
}

extension Array {
    /// In order, so many at a time.
    fileprivate func parts(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: Swift.max(size, 1)).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
