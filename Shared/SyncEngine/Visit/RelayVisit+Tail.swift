internal import Database
internal import Logging
internal import Nostr
internal import Settings
internal import Telemetry

/// Follows the relay: what it stores from now on is stored here while pages are asked for, and in between.
///
/// Live events are rows and nothing else. No frontier and no interval rests on them; the walks read the same seconds
/// again as if there were no subscription.
extension RelayVisit {
    /// Runs the body with an open subscription where the relay may be followed. It is opened before anything is read:
    /// what the relay stores after its EOSE comes here, what it stored before is for the pages that follow.
    func following(
        _ session: any RelaySession, _ note: ReadingNote,
        _ body: @escaping @Sendable (Tail?) async throws -> VisitReport
    ) async throws -> VisitReport {
        // It may be the subscription that breaks the connection: pages get their turn after two failures.
        guard control.mayStay, settings.tail.enabled, lease.fails < 2,
            !unfollowed.contains(lease.relay, at: context.clock.now())
        else { return try await body(nil) }
        let feed = try await session.follow(tailRequest(note).filter, budget: settings.feedBudget)
        let tail = Tail(feed, settings: settings.tail, clock: context.clock)
        context.onTail(.began(lease.network))
        defer { context.onTail(.ended(lease.network, reason: tail.end?.word ?? "left")) }
        return try await withThrowingTaskGroup(of: VisitReport?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await body(tail) }
            group.addTask {
                await tail.read()
                return nil
            }
            while let report = try await group.next() {
                if let report { return report }
            }
            preconditionFailure("the body always gives a report")
        }
    }

    /// Waits for an answer of the relay, and stores meanwhile what comes live. Nil when the visit is over by that; the
    /// report says why.
    /// - Parameter settle: awaits the commit under way, so that rows go in one after the other; false ends the visit.
    func asking<Answer: Sendable>(
        _ reading: inout Reading, _ report: inout VisitReport,
        before settle: (inout Reading, inout VisitReport) async throws -> Bool = { _, _ in true },
        _ ask: @escaping @Sendable () async throws -> Answer
    ) async throws -> Answer? {
        guard let tail = reading.live.tail else { return try await ask() }
        return try await withThrowingTaskGroup(of: Answer?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await ask() }
            if reading.live.isOpen { group.addTask { await Self.ready(tail) } }
            while let next = try await group.next() {
                if let answer = next { return answer }
                guard try await settle(&reading, &report), try await storeLive(&reading, &report) else { return nil }
                if reading.live.isOpen { group.addTask { await Self.ready(tail) } }
            }
            return nil
        }
    }

    /// Whether a page that was too large for a message is none: the subscription's stored part, asked for before it,
    /// has not come to its end. Then the relay is read without one from its next visit on.
    func isOfTail(_ page: FetchedPage, _ reading: Reading) -> Bool {
        guard page.facts.endsConnection, page.facts.ending == .inconclusive(.overBudget),
            let tail = reading.live.tail, !tail.isCaughtUp
        else { return false }
        unfollowed.add(lease.relay, at: context.clock.now())
        return true
    }

    /// What is archived of what arrives.
    private var tailRequest: PageRequest { settings.archive.narrow(Tail.request) }

    /// Where an event ahead of the clock breaks the connection it is left out, for longer than a cycle lasts.
    private func tailRequest(_ note: ReadingNote) -> PageRequest {
        var request = tailRequest
        guard note.isBounded, request.until == nil else { return request }
        let ahead = settings.sync.clockSlack.value + settings.sync.cycleLimit.value
        request.until = lease.databaseNow.moved(by: Int64(ahead))
        return request
    }

    private static func ready<Answer>(_ tail: Tail) async -> Answer? {
        await tail.ready()
        return nil
    }

    /// Stores the events that wait; false when the visit is over by that.
    private func storeLive(_ reading: inout Reading, _ report: inout VisitReport) async throws -> Bool {
        guard let tail = reading.live.tail else { return true }
        let group = tail.take()
        guard !group.isEmpty else { return true }
        let page = FetchedPage(
            RawPage(chunks: group.map(\.chunk), ending: .conclusive(hint: nil)), request: tailRequest,
            limits: pageLimits)
        report.count(live: page)
        var prepared = try await reading.preparer.prepare(page)
        report.count(prepared)
        if !prepared.isEmpty {
            guard try await storeRows(of: &prepared, &reading, &report) else { return false }
            let now = context.clock.now()
            context.onTail(.stored(events: page.facts.received, delays: group.map { now - $0.at }))
        }
        reading.live.note(prepared)
        try await limit(&reading, by: prepared, tail)
        return true
    }

    /// Stores the rows of a page and nothing else, and takes out of it what the database refused; false when the visit
    /// is over by that. Nothing else may be under way.
    func storeRows(
        of prepared: inout PreparedPage, _ reading: inout Reading, _ report: inout VisitReport
    ) async throws -> Bool {
        let result = try await writer.write(
            prepared, VisitProgress.Change(), capSeen: reading.capSeen, pageSize: reading.pageSize)
        report.count(result)
        reading.preparer.leaveOut(result.refused)
        prepared.leaveOut(result.refused)
        return result.isAccepted
    }

    /// Junk is cheap to make and dear to check; and what has to be kept in mind is bounded.
    private func limit(_ reading: inout Reading, by prepared: PreparedPage, _ tail: Tail) async throws {
        reading.live.rejected += prepared.rejected.count
        if reading.live.rejected > settings.tail.mostRejected { await tail.close(.rejected) }
        if reading.live.shownCount > settings.sync.mostCompared { await tail.close(.feed(.overBudget)) }
    }

    /// Follows the relay until the next round is due; false when the visit is over.
    func stay(_ reading: inout Reading, _ report: inout VisitReport) async throws -> Bool {
        let hasFailed = report.hasFailed && report.hasRead
        guard report.ending == .complete || report.ending == .yielded || report.isUnpageable || hasFailed else {
            return false
        }
        guard let tail = reading.live.tail, reading.live.isOpen, control.mayContinue else { return false }
        // From here on the slot is lent.
        control.stay()
        try await noteStanding(report, &reading)
        guard report.ending != .yielded else { return true }
        reading.live.watch(nil)
        let next = reading.roundBegan + interval(after: report)
        while true {
            await firstOf([
                { await tail.ready() }, { await control.waitForEnd() }, { try? await context.clock.sleep(next) },
            ])
            try Task.checkCancellation()
            guard try await storeLive(&reading, &report) else { return false }
            guard reading.live.isOpen, control.mayContinue else { break }
            if context.clock.now() >= next { return true }
        }
        let ending = ending(tail)
        // It is due when it would be had it not stayed: what it did not answer is still to be asked.
        if ending != .complete || !(hasFailed || report.isUnpageable) { report.ending = ending }
        return false
    }

    /// From one round to the next, as from one visit to the next.
    private func interval(after report: VisitReport) -> Duration {
        let usual = settings.sync.revisitInterval.duration
        return report.isUnpageable ? max(usual, ReleasePlan.unpageableInterval) : usual
    }

    /// Writes what is thought of the relay, where that is news: a visit that stays may go on for days.
    private func noteStanding(_ report: VisitReport, _ reading: inout Reading) async throws {
        let plan = ReleasePlan(report, fails: lease.fails, settings: settings, jitter: 0)
        guard let relayClass = plan.relayClass else { return }
        let standing = RelayStanding(relayClass: relayClass.rawValue, lastError: plan.lastError)
        guard standing != reading.standing else { return }
        reading.standing = standing
        // Where the lease was lost the next commit says so.
        _ = try await context.store.noteStanding(standing, lease)
    }

    /// How a visit ends that was only following. A connection that held for a while is opened again at once; one
    /// that did not, and a relay that is too much, wait like a relay that was read.
    private func ending(_ tail: Tail) -> VisitReport.Ending {
        if control.givesWay { return .complete }
        guard control.mayContinue, let reason = tail.end else { return .yielded }
        context.logger.debug(
            "relay_not_followed", metadata: [LogKey.relay: "\(lease.url)", LogKey.reason: "\(reason.word)"])
        let hasHeld = context.clock.now() - began >= settings.sync.revisitInterval.duration
        return reason == .feed(.disconnected) && hasHeld ? .yielded : .complete
    }
}

extension SynchronizingSettings {
    /// The stored part of an open subscription is one event; a relay that ignores the limit is cut at a page's budget.
    fileprivate var feedBudget: FeedBudget {
        let page = sync.pageBudget(Tail.request)
        return FeedBudget(
            storedEvents: page.events, storedBytes: page.bytes, progressTimeout: page.progressTimeout,
            waitingBytes: tail.waitingBytes.bytes)
    }
}
