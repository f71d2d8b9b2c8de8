internal import Database
internal import Nostr
internal import Settings

/// What a comparison of sets found: sightings of what is stored, and downloads of what is not.
extension RelayVisit {
    /// Ids asked for at once: as many as every relay's messages and filters bear.
    private static let idsAPage = 100
    /// How often an id is asked for that the relay claims to have.
    private static let fetches = 3
    /// Answers to one question that may fail before the visit does.
    private static let failures = 2

    /// What a window brought so far.
    private struct Haul {
        let window: ClosedRange<Int64>
        /// Stored events that are to be linked to the relay.
        var links: [PassRecord.Returned] = []
        /// Ids of stored events that are of other times than the relay says, outside the window or inside.
        var misplaced: Set<EventID> = []
        /// What came live meanwhile is linked already, and the relay has it.
        var live: Set<EventID> = []
        /// Events that were asked for.
        var asked = 0
        var phantoms = 0

        init(_ window: ClosedRange<Int64>) { self.window = window }

        /// What is linked already was compared at its own time.
        mutating func link(_ ids: [EventID], _ stored: [EventID: HeldEvent]) {
            for id in ids {
                guard let event = stored[id] else { continue }
                if event.isLinked || !window.contains(event.sighting.createdAt.seconds) {
                    misplaced.insert(id)
                } else {
                    links.append(.init(id: id, sighting: event.sighting))
                }
            }
        }
    }

    /// What became of a window.
    struct Taken {
        /// Events that the relay has in it.
        let items: Int
        /// Of those that were not linked to it, how many were not stored either.
        let asked: Int
    }

    /// Takes up what the relay has and we lack, ends sightings it no longer has, and seals the window. Rows are stored
    /// as they come, so that a visit that ends early has not asked in vain. Nil when it did.
    func take(
        _ difference: SetComparison.Difference, of window: ClosedRange<Int64>, _ session: any RelaySession,
        _ reading: inout Reading, _ report: inout VisitReport,
        seal: (inout VisitProgress, VisitProgress.Found, _ cap: Int) -> VisitProgress.Change
    ) async throws -> Taken? {
        var haul = Haul(window)
        let linkedBefore = report.sightingsNew
        guard let unknown = try await linkStored(difference.need, &haul, &reading, &report),
            try await fetch(unknown, &haul, session, &reading, &report)
        else { return nil }
        haul.live.formUnion(reading.live.takeShown().map(\.id))
        var changes = PassRecord.Difference()
        changes.gone = difference.gone.filter { !haul.live.contains($0.id) }
        changes.returned = haul.links.filter { !haul.live.contains($0.id) }
        var prepared = PreparedPage()
        try await reading.preparer.amend(&prepared, with: changes)
        if prepared.parts.isEmpty { prepared.parts = [PreparedPage.Part()] }
        let misplaced = haul.misplaced.subtracting(haul.live).count
        let items = difference.held + difference.need.count - haul.phantoms - misplaced - difference.gone.count
        // What is never stored, such as an event of an ephemeral kind, is lacking at every look and late at none.
        let late = report.sightingsNew - linkedBefore + changes.returned.count
        let found = VisitProgress.Found(late: late, all: items, misplaced: misplaced)
        let change = seal(&reading.progress, found, reading.capSeen)
        guard try await commit(prepared, change, &reading, &report) else { return nil }
        report.isStuck = false
        return Taken(items: items, asked: haul.asked)
    }

    /// Links what is stored, and gives what is to be asked for: phantoms that were noted lately are not. Nil when the
    /// visit is over.
    private func linkStored(
        _ ids: [EventID], _ haul: inout Haul, _ reading: inout Reading, _ report: inout VisitReport
    ) async throws -> [EventID]? {
        var unknown: [EventID] = []
        for part in ids.parts(of: settings.sync.batchRows) {
            let stored = try await context.store.storedEvents(part, lease.relay)
            let lacking = part.filter { stored[$0] == nil }
            let noted = try await context.store.notedPhantoms(lacking, lease.relay)
            haul.phantoms += noted.count
            unknown += lacking.filter { !noted.contains($0) }
            haul.link(part, stored)
            guard try await linkFull(&haul, &reading, &report) else { return nil }
        }
        return unknown
    }

    /// Stores links once they fill a call of the database; false when the visit is over.
    /// - Parameter settle: awaits the commit under way: the day sums of its parts are those before the links.
    private func linkFull(
        _ haul: inout Haul, _ reading: inout Reading, _ report: inout VisitReport,
        after settle: (inout Reading, inout VisitReport) async throws -> Bool = { _, _ in true }
    ) async throws -> Bool {
        guard haul.links.count >= settings.sync.batchRows else { return true }
        guard try await settle(&reading, &report) else { return false }
        haul.live.formUnion(reading.live.takeShown().map(\.id))
        var changes = PassRecord.Difference()
        changes.returned = haul.links.filter { !haul.live.contains($0.id) }
        haul.links = []
        var prepared = PreparedPage()
        try await reading.preparer.amend(&prepared, with: changes)
        guard !prepared.isEmpty else { return true }
        guard try await commit(prepared, VisitProgress.Change(), &reading, &report) else { return false }
        report.isStuck = false
        return true
    }

    /// Downloads events by their ids, but for those that were stored meanwhile; false when the visit is over.
    private func fetch(
        _ ids: [EventID], _ haul: inout Haul, _ session: any RelaySession, _ reading: inout Reading,
        _ report: inout VisitReport
    ) async throws -> Bool {
        try await withThrowingTaskGroup(of: PageWriter.Result.self) { commits in
            let isWhole = try await fetch(ids, &haul, session, &commits, &reading, &report)
            let isStored = try await finish(&commits, &reading, &report)
            return isWhole && isStored
        }
    }

    private func fetch(
        _ ids: [EventID], _ haul: inout Haul, _ session: any RelaySession, _ commits: inout Commits,
        _ reading: inout Reading, _ report: inout VisitReport
    ) async throws -> Bool {
        var queue = IDQueue(ids, for: lease.relay, size: idsAPage(reading), mostLookedUp: settings.sync.batchRows)
        while true {
            let next = queue.next
            guard !next.isEmpty else { return true }
            let stored = try await context.store.storedEvents(next, lease.relay)
            let taken = queue.take { stored[$0] != nil }
            haul.link(taken.stored, stored)
            let isLinked = try await linkFull(&haul, &reading, &report) { try await finish(&commits, &$0, &$1) }
            guard isLinked else { return false }
            let missing = try await fetch(taken.wanted, &queue, &haul, session, &commits, &reading, &report)
            guard let missing else { return false }
            guard try await context.store.notePhantoms(missing, lease) else {
                report.ending = .leaseLost
                return false
            }
            report.phantoms += missing.count
            haul.phantoms += missing.count
        }
    }

    /// Ids that are asked for at once.
    func idsAPage(_ reading: Reading) -> Int {
        reading.capSeen > 0 ? min(reading.capSeen, Self.idsAPage) : Self.idsAPage
    }

    /// Asks for some ids until they came, and gives those that never did; nil when the visit is over.
    private func fetch(
        _ ids: [EventID], _ queue: inout IDQueue, _ haul: inout Haul, _ session: any RelaySession,
        _ commits: inout Commits, _ reading: inout Reading, _ report: inout VisitReport
    ) async throws -> [EventID]? {
        var missing = ids
        var (answers, failures) = (0, 0)
        haul.asked += ids.count
        while !missing.isEmpty, answers < Self.fetches {
            guard let page = try await fetchPage(missing, session, &commits, &reading, &report) else { return nil }
            missing.removeAll(where: page.delivered.contains)
            switch page.ending {
            case .conclusive: answers += 1
            case .inconclusive(.overBudget) where page.failure == nil:
                answers += 1
                guard queue.giveBack(missing) else { continue }
                haul.asked -= missing.count
                missing = []
            case .inconclusive(.timedOut) where failures < Self.failures,
                .inconclusive(.closed) where failures < Self.failures:
                failures += 1
            case .inconclusive(.overBudget):
                // One of them ends each connection that it comes on; pages know how to pass over it.
                try await giveUpSets(page.failure ?? InconclusiveReason.overBudget.rawValue, &reading)
                (report.ending, report.isStuck) = (.yielded, false)
                return nil
            case .inconclusive(let reason):
                report.ending = control.isStopped ? .yielded : .failed(page.failure ?? reason.rawValue)
                return nil
            }
        }
        return missing
    }

    /// What one request beside the walk came to.
    struct Delivery {
        let facts: PageFacts
        let failure: String?
        /// Valid events, and those that are never stored.
        let delivered: Set<EventID>

        var ending: PageEnding { facts.ending }
    }

    /// One request by ids.
    func fetchPage(
        _ ids: [EventID], _ session: any RelaySession, _ commits: inout Commits, _ reading: inout Reading,
        _ report: inout VisitReport
    ) async throws -> Delivery? {
        try await fetchPage(PageRequest(ids: ids), session, &commits, &reading, &report)
    }

    /// One request; what came is stored, whatever became of the rest. Nil when the visit is over.
    func fetchPage(
        _ request: PageRequest, _ session: any RelaySession, _ commits: inout Commits, _ reading: inout Reading,
        _ report: inout VisitReport
    ) async throws -> Delivery? {
        guard mayContinue(reading), report.bytes < share.bytes else {
            report.ending = .yielded
            return nil
        }
        let request = reading.archive.narrow(request)
        let hasTime = mayContinue(until: reading.deadline)
        let asked = try await asking(
            &reading, &report, before: { try await finish(&commits, &$0, &$1) },
            { try await self.page(request, session, while: hasTime) })
        guard let asked else { return nil }
        report.count(dropped: asked.dropped)
        guard let raw = asked.page else {
            report.ending = .yielded
            return nil
        }
        let page = FetchedPage(raw, request: request, limits: pageLimits)
        report.count(page)
        let prepared = try await reading.preparer.prepare(page)
        report.count(prepared)
        guard try await finish(&commits, &reading, &report) else { return nil }
        let delivery = Delivery(facts: page.facts, failure: page.failure, delivered: prepared.delivered)
        guard !prepared.isEmpty else { return delivery }
        let (cap, pageSize) = (reading.capSeen, reading.pageSize)
        commits.addTask { try await writer.write(prepared, VisitProgress.Change(), capSeen: cap, pageSize: pageSize) }
        return delivery
    }

    /// Waits for what is being stored; false when the visit is over by that.
    func finish(
        _ commits: inout Commits, _ reading: inout Reading, _ report: inout VisitReport
    ) async throws -> Bool {
        guard let result = try await commits.next() else { return true }
        if result.isAccepted { report.isStuck = false }
        return try await count(result, &reading, &report)
    }

    /// Stores and counts; false when the visit is over by that.
    private func commit(
        _ prepared: PreparedPage, _ change: VisitProgress.Change, _ reading: inout Reading,
        _ report: inout VisitReport
    ) async throws -> Bool {
        let result = try await writer.write(
            prepared, change, capSeen: reading.capSeen, pageSize: reading.pageSize)
        return try await count(result, &reading, &report)
    }

    /// Counts what was stored; false when the visit is over by that. What the database refuses is noted like what never
    /// came: this comparison has counted it among what the archive holds, and the next one does not.
    private func count(
        _ result: PageWriter.Result, _ reading: inout Reading, _ report: inout VisitReport
    ) async throws -> Bool {
        report.count(result)
        reading.preparer.leaveOut(result.refused)
        if !result.refused.isEmpty, result.isAccepted {
            _ = try await context.store.notePhantoms(result.refused.map(\.id), lease)
            report.ending = .yielded
        }
        return report.ending == .complete
    }
}
