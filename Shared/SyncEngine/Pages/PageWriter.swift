internal import Database
internal import Nostr

/// Stores prepared pages of one relay through the fenced call.
struct PageWriter: Sendable {
    /// The answers to the calls of one page.
    struct Result: Sendable {
        var answers: [CommitAnswer] = []
        /// False when the fence was lost; then nothing of the refused part was stored.
        var isAccepted = true
        /// Events that could not be stored for what they hold. Everything else was.
        var refused: [RefusedEvent] = []
        /// Events that the archive lacked.
        var eventsNew: Int { answers.reduce(0) { $0 + $1.eventsNew } }
        /// Of a page of a walk: what it showed.
        var page: ReadingChoice.Page?
    }

    let lease: RelayLease
    let queue: CommitQueue

    /// Stores the parts in order. Only the last one carries the change of frontier and coverage, so that a kill in
    /// between repeats the page and loses nothing.
    func write(
        _ page: PreparedPage, _ change: VisitProgress.Change, capSeen: Int, pageSize: Int
    ) async throws -> Result {
        var (result, page) = (Result(), page)
        for index in page.parts.indices {
            let part = page.parts[index]
            let isLast = index == page.parts.count - 1
            var row = RelayPage(relay: lease.relay, fence: lease.fence)
            row.newEvents = Array(part.events.indices)
            row.known = part.known
            row.gone = part.gone
            row.days = part.days
            row.quarantined = part.rejected.map { QuarantineRow(reason: $0.reason, digest: $0.digest, raw: $0.bytes) }
            if isLast { apply(change, capSeen, pageSize, to: &row) }
            let batch = PagesBatch(owner: lease.owner, pages: [row], events: part.events)
            let answers = try await queue.commit(batch)
            result.answers += answers
            let refused = part.refused(answers)
            result.refused += refused
            // The sums of the parts that follow count them.
            page.leaveOut(refused)
            guard answers.allSatisfy(\.accepted), !answers.isEmpty else {
                result.isAccepted = false
                return result
            }
        }
        return result
    }

    private func apply(
        _ change: VisitProgress.Change, _ capSeen: Int, _ pageSize: Int, to row: inout RelayPage
    ) {
        row.frontier = change.frontier
        row.walkLo = change.walkLo
        row.walkHi = change.walkHi
        row.sealedHi = change.sealedHi
        row.tailSeen = change.tailSeen
        row.clearsWalk = change.clearsWalk
        row.behaviour = change.behaviour
        row.capSeen = capSeen > 0 ? Int32(clamping: capSeen) : nil
        row.pageSize = Int32(clamping: pageSize)
        row.coverageDrop = change.coverage.drop.map(UnixTime.init(seconds:))
        row.coveragePut = change.coverage.put.map(CoverageRow.init)
    }
}

extension PreparedPage.Part {
    fileprivate func refused(_ answers: [CommitAnswer]) -> [RefusedEvent] {
        let ids = Set(answers.flatMap(\.poisoned))
        guard !ids.isEmpty else { return [] }
        return events.filter { ids.contains($0.id) }.map { RefusedEvent(id: $0.id, createdAt: $0.createdAt) }
    }
}

extension CoverageRow {
    /// The row of an interval.
    fileprivate init(_ interval: CoverageMap.Interval) {
        self.init(
            lo: UnixTime(seconds: interval.lo), hi: UnixTime(seconds: interval.hi), state: interval.state.rawValue,
            proof: interval.proof?.rawValue, pages: interval.pages, items: interval.items, cap: interval.cap,
            reason: interval.reason?.rawValue, rescanAt: interval.rescanAt.map(UnixTime.init(seconds:)),
            rescanStep: interval.rescanStep)
    }
}

extension CoverageMap.Interval {
    /// The interval of a row; nil for a state this release does not know.
    init?(_ row: CoverageRow) {
        guard let state = CoverageState(rawValue: row.state) else { return nil }
        self.init(
            lo: row.lo.seconds, hi: row.hi.seconds, state: state,
            reason: row.reason.flatMap(CoverageReason.init(rawValue:)))
        proof = row.proof.flatMap(CoverageProof.init(rawValue:))
        rescanAt = row.rescanAt?.seconds
        rescanStep = row.rescanStep
        pages = row.pages
        items = row.items
        cap = row.cap
    }
}

extension WalkState {
    /// Where the walk stood when the relay was claimed.
    init(_ lease: RelayLease) {
        self.init(sealedHi: lease.sealedHi, walkLo: lease.walkLo, walkHi: lease.walkHi, frontier: lease.frontier)
    }
}
