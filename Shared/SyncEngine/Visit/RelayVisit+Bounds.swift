internal import Database
internal import Nostr

/// Whether a relay's bounds of time take their own second in.
extension RelayVisit {
    /// Empty answers that are believed about an event that was shown a moment before.
    private static let denials = 3
    /// Events that are asked for: one that cannot be read may stand in the same second.
    private static let glance = 10

    /// Asks for one second in which the relay has just shown an event, once in a relay's life. Where that shows nothing
    /// and a wider question does, all later ones are wider by that much.
    func observeBounds(
        _ second: UnixTime, _ session: any RelaySession, _ reading: inout Reading, _ report: inout VisitReport
    ) async throws {
        reading.hasAskedBounds = true
        guard let bounds = try await bounds(at: second, session, &reading, &report) else { return }
        reading.bounds.learn(bounds)
        var seen = RelayBehaviour()
        seen.bounds = bounds.rawValue
        try await store(.init(behaviour: reading.progress.learn(seen)), writer, reading)
    }

    /// Nil where no answer tells, or the visit is over.
    private func bounds(
        at second: UnixTime, _ session: any RelaySession, _ reading: inout Reading, _ report: inout VisitReport
    ) async throws -> RelayBounds? {
        for _ in 0..<Self.denials {
            guard let shown = try await shows(second, .inclusive, session, &reading, &report) else { return nil }
            if shown { return .inclusive }
        }
        for bounds in RelayBounds.allCases.dropFirst() {
            guard let shown = try await shows(second, bounds, session, &reading, &report) else { return nil }
            guard shown else { continue }
            // A relay that leaves events out at random looks like this once in a while.
            let isLeftOut = try await shows(second, .inclusive, session, &reading, &report) == false
            return isLeftOut ? bounds : nil
        }
        return nil
    }

    /// Whether the second comes where the question is for a relay of such bounds; nil for no whole answer.
    private func shows(
        _ second: UnixTime, _ bounds: RelayBounds, _ session: any RelaySession, _ reading: inout Reading,
        _ report: inout VisitReport
    ) async throws -> Bool? {
        let wide = bounds.widened(Filter(since: second, until: second))
        let request = PageRequest(since: wide.since, until: wide.until, limit: Self.glance)
        let answer = try await fetchStored(request, session, &reading, &report)
        guard let page = answer, case .conclusive = page.ending, page.facts.newer == 0 else { return nil }
        return page.facts.events.contains { $0.createdAt == second }
    }
}
