internal import Database
internal import Nostr

/// How a relay's COUNT compares with what it serves (NIP-45).
extension RelayVisit {
    /// What the relay may think about a question whose answer nothing needs.
    private static let countPatience = Duration.seconds(5)

    /// Asks a relay of which it is not known yet how many events it has of one day that was sealed in this round.
    /// Whatever comes of it, the visit goes on.
    /// - Parameter before: what was known when the round began.
    func observeCount(
        since before: CoverageMap, _ session: any RelaySession, _ reading: inout Reading, _ report: inout VisitReport
    ) async throws -> RelayBehaviour {
        var seen = RelayBehaviour()
        guard reading.progress.behaviour.count == nil, report.ending == .complete, mayContinue(reading),
            let days = CountTrial.days(reading.progress.coverage, since: before),
            let seconds = CountTrial.seconds(of: try await context.store.relayDays(lease.relay, in: days)),
            let served = try await served(seconds, reading.archive), served > 0
        else { return seen }
        let filter = reading.archive.filter(of: seconds)
        let answer = try await asking(&reading, &report) {
            try await session.count(filter, timeout: Self.countPatience)
        }
        // A connection that we closed says nothing.
        guard let answer, !control.isStopped else { return seen }
        seen.count = CountTrial.isExact(answer, served: served)
        return seen
    }

    /// Events that the relay is known to have of these seconds and of what is archived; nil for too many.
    private func served(_ seconds: ClosedRange<Int64>, _ archive: ArchiveFilter) async throws -> Int? {
        let stored = try await context.store.relaySightings(
            lease.relay, from: UnixTime(seconds: seconds.lowerBound), to: UnixTime(seconds: seconds.upperBound),
            limit: CountTrial.mostEvents, matching: archive.filter)
        return stored?.count { !$0.isGone }
    }
}
