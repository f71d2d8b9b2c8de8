internal import Database
internal import Nostr

/// What the relay's set no longer has.
extension RelayVisit {
    /// Ids that are asked for before their sightings end: of more a part that is spread over all of them.
    private static let mostAsked = 1_000

    /// Asks for what the relay's set lacks. That it has it no longer is what its set claims; one that serves it has
    /// sets that say nothing of what it holds: some are cut at a number, some leave kinds out that pages have.
    /// - Returns: `.compared`, `.denied` or `.later`; nil when the visit is over.
    func confirm(
        _ difference: SetComparison.Difference, _ session: any RelaySession, _ reading: inout Reading,
        _ report: inout VisitReport
    ) async throws -> SetVerdict? {
        let asked = difference.gone.map(\.id).spread(mostOf: Self.mostAsked)
        for ids in asked.parts(of: idsAPage(reading)) {
            let answer = try await fetchStored(PageRequest(ids: ids), session, &reading, &report)
            guard let page = answer else { return nil }
            guard page.delivered.isDisjoint(with: ids) else {
                try await giveUpSets("other_sets", &reading, doubts: Doubts(contradictions: 1))
                return .denied
            }
            switch page.ending {
            case .conclusive: continue
            case .inconclusive(.timedOut), .inconclusive(.closed), .inconclusive(.overBudget):
                try await loseSets("gone_unanswered", &reading)
                return .later
            case .inconclusive(let reason):
                report.ending = control.isStopped ? .yielded : .failed(page.failure ?? reason.rawValue)
                return nil
            }
        }
        return .compared
    }

    /// One request beside the walk, of which everything is stored when it returns. Nil when the visit is over.
    func fetchStored(
        _ request: PageRequest, _ session: any RelaySession, _ reading: inout Reading, _ report: inout VisitReport
    ) async throws -> Delivery? {
        try await withThrowingTaskGroup(of: PageWriter.Result.self) { commits in
            let page = try await fetchPage(request, session, &commits, &reading, &report)
            let isStored = try await finish(&commits, &reading, &report)
            return isStored ? page : nil
        }
    }
}

extension Array {
    /// All elements, or so many of them at equal distances.
    fileprivate func spread(mostOf most: Int) -> [Element] {
        guard count > most, most > 0 else { return self }
        return (0..<most).map { self[$0 * count / most] }
    }
}
