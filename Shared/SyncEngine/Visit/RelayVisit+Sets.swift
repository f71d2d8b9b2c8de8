internal import Database
internal import Logging
internal import Nostr
internal import Settings
internal import Telemetry

/// Comparisons of sets, where the relay does that (NIP-77): of what was read before, some hundred bytes where nothing
/// changed.
extension RelayVisit {
    /// Sessions of one visit that were halved; a relay that refuses more is left to pages.
    private static let mostHalves = 64
    /// Rounds in a row after which a relay that compared sets once counts as one that does not.
    private static let mostLost = 3

    /// Ids of a difference that are kept in mind beside the comparisons under way.
    private static let fewIDs = 5_000

    /// Compares every window that is due. What remains due afterwards is for pages. Where the visit is over, it says
    /// nothing of it.
    func compareSets(_ session: any RelaySession, _ reading: inout Reading, _ report: inout VisitReport) async throws {
        guard report.ending == .complete, reading.progress.behaviour.negentropy != false else { return }
        var windows = reading.progress.windows
        var (halves, look) = (0, SetLook())
        if !windows.isEmpty { report.isStuck = true }
        let (began, half) = (ownTime(reading), (reading.deadline + context.clock.now()) / 2)
        while report.ending == .complete, let window = windows.popLast() {
            guard mayContinue(reading) else { return report.ending = .yielded }
            // A relay that never comes to an end leaves the other half of the time to pages.
            if report.isStuck, context.clock.now() >= half {
                return try await leaveSets(after: ownTime(reading) - began, &reading)
            }
            look.begin()
            let deadline = report.isStuck ? half : reading.deadline
            let compared = try await compare(window.seconds, until: deadline, session, &reading, &report)
            guard let (verdict, difference) = compared else { return }
            switch verdict {
            case .compared:
                _ = try await take(difference, of: window.seconds, session, &reading, &report) { progress, found, cap in
                    progress.seal(window, found, of: look.end(found), cap: cap)
                }
            case .tooLarge:
                guard halves < Self.mostHalves else {
                    // No window was small enough, not once: the relay is left to pages like one that does not compare.
                    return try await loseSets("too_large", &reading)
                }
                halves += 1
                guard let halves = window.halves else {
                    look.leave()
                    try await store(reading.progress.leaveToPages(window), writer, reading)
                    continue
                }
                look.halve()
                windows += [halves.older, halves.newer]
            case .later, .unsupported, .denied, .unbearable, .disconnected: return
            }
        }
    }

    /// Compares one window, and takes note of what that shows of the relay. Nil when the visit is over by what came
    /// live meanwhile, or because it was not the relay's turn in time; the report says why, and so it does where the
    /// connection ended.
    func compare(
        _ window: ClosedRange<Int64>, until deadline: Duration, _ session: any RelaySession, _ reading: inout Reading,
        _ report: inout VisitReport
    ) async throws -> (SetVerdict, SetComparison.Difference)? {
        let comparison = SetComparison(
            session: session, store: context.store, relay: lease.relay, settings: settings.sync,
            archive: reading.archive, mayContinue: mayContinue(until: deadline))
        reading.live.watch(window)
        let turn = try await asking(&reading, &report) { try await run(comparison, window, until: deadline) }
        guard let turn else { return nil }
        reading.waited += turn.waited
        guard let (ending, difference) = turn.outcome else {
            // The relay is not to blame: it stands in line again as soon as it may.
            (report.ending, report.isStuck) = (.yielded, false)
            return nil
        }
        report.count(ending)
        let speaks = reading.progress.behaviour.negentropy == true
        var verdict = SetVerdict(ending, speaks: speaks, isStopped: control.isStopped)
        if verdict == .compared {
            guard let confirmed = try await confirm(difference, session, &reading, &report) else { return nil }
            verdict = confirmed
        }
        switch verdict {
        case .compared: reading.comparesSets = reading.comparesSets ?? true
        case .later, .tooLarge, .denied: break
        case .unsupported: try await loseSets(ending.word, &reading)
        case .unbearable:
            try await giveUpSets(ending.word, &reading)
            report.ending = .yielded
            report.isStuck = false
        case .disconnected:
            report.ending = control.isStopped ? .yielded : .failed(InconclusiveReason.disconnected.rawValue)
            if !control.isStopped { try await loseSets(ending.word, &reading) }
        }
        return (verdict, difference)
    }

    /// What became of waiting for a place among the comparisons under way.
    private struct Turn: Sendable {
        let waited: Duration
        /// Nil where there was none in time.
        var outcome: (ReconciliationEnding, SetComparison.Difference)?
    }

    /// Compares when it is the relay's turn.
    private func run(
        _ comparison: SetComparison, _ window: ClosedRange<Int64>, until deadline: Duration
    ) async throws -> Turn {
        let (began, control, clock) = (context.clock.now(), control, context.clock)
        let place = try await places.enter {
            await firstOf([{ await control.waitForEnd() }, { try? await clock.sleep(deadline) }])
        }
        var turn = Turn(waited: clock.now() - began)
        guard let place else { return turn }
        var (ending, difference) = try await comparison.run(window)
        if difference.need.count + difference.gone.count > Self.fewIDs { difference.place = place }
        turn.outcome = (ending, difference)
        return withExtendedLifetime(place) { turn }
    }

    /// A clock that stands while the relay waits for others.
    func ownTime(_ reading: Reading) -> Duration { context.clock.now() - reading.waited }

    /// Nothing came to its end, and it had its time.
    func leaveSets(after lost: Duration, _ reading: inout Reading) async throws {
        guard lost >= settings.budget.visit.duration / 4 else { return }
        try await loseSets(InconclusiveReason.overBudget.rawValue, &reading)
    }

    /// Nothing came to its end. One that never did is read by pages alone from now on; one that did may do so again,
    /// and is once it failed to some rounds in a row.
    func loseSets(_ reason: String, _ reading: inout Reading) async throws {
        guard reading.comparesSets != false else { return }
        reading.comparesSets = false
        let isOver = reading.progress.note.setsLost + 1 >= Self.mostLost
        guard reading.progress.behaviour.negentropy != true || isOver else { return }
        try await giveUpSets(reason, &reading)
    }

    /// The relay is read by pages alone from now on.
    func giveUpSets(_ reason: String, _ reading: inout Reading, doubts: Doubts = Doubts()) async throws {
        context.logger.info(
            "sets_not_compared", metadata: [LogKey.relay: "\(lease.url)", LogKey.reason: "\(reason)"])
        try await store(reading.progress.giveUpSets(doubts), writer, reading)
    }
}
