internal import Database
internal import Nostr

/// Stores prepared pages of one relay through the fenced call.
struct PageWriter: Sendable {
    /// The answers to the calls of one page.
    struct Result: Sendable {
        var answers: [CommitAnswer] = []
        /// False when the fence was lost; then nothing of the refused part was stored.
        var isAccepted = true
    }

    let lease: RelayLease
    let brotr: Brotr

    /// Stores the parts in order. Only the last one carries the change of frontier and coverage, so that a kill in
    /// between repeats the page and loses nothing.
    func write(_ page: PreparedPage, _ change: VisitProgress.Change, capSeen: Int) async throws -> Result {
        var result = Result()
        for (index, part) in page.parts.enumerated() {
            let isLast = index == page.parts.count - 1
            var row = RelayPage(relay: lease.relay, fence: lease.fence)
            row.newEvents = Array(part.events.indices)
            row.known = part.known
            row.days = part.days
            if isLast { apply(change, page, capSeen, to: &row) }
            let batch = PagesBatch(owner: lease.owner, pages: [row], events: part.events)
            let answers = try await brotr.commitPages(batch)
            result.answers += answers
            guard answers.allSatisfy(\.accepted), !answers.isEmpty else {
                result.isAccepted = false
                return result
            }
        }
        return result
    }

    private func apply(
        _ change: VisitProgress.Change, _ page: PreparedPage, _ capSeen: Int, to row: inout RelayPage
    ) {
        row.frontier = change.frontier
        row.walkLo = change.walkLo
        row.walkHi = change.walkHi
        row.sealedHi = change.sealedHi
        row.clearsWalk = change.clearsWalk
        row.capSeen = capSeen > 0 ? Int32(clamping: capSeen) : nil
        row.coverageDrop = change.coverage.drop.map(UnixTime.init(seconds:))
        row.coveragePut = change.coverage.put.map(CoverageRow.init)
        row.quarantined = page.rejected.map {
            QuarantineRow(reason: $0.reason, digest: $0.digest, raw: $0.bytes)
        }
    }
}
