internal import Database
internal import Nostr
internal import Settings

/// Looks at what was read before by its number, where the relay counts (NIP-45): one question where nothing changed.
extension RelayVisit {
    /// Counts of one round; what they do not prove is for pages.
    private static let mostCounts = 32

    /// Counts every window that is due, and halves those that differ. What remains due afterwards is for pages.
    func compareCounts(
        _ session: any RelaySession, _ reading: inout Reading, _ report: inout VisitReport
    ) async throws {
        guard reading.progress.behaviour.count != false else { return }
        let sightings = SightingStore(
            store: context.store, relay: lease.relay, archive: reading.archive, limit: settings.sync.mostCompared)
        let timeout = settings.sync.progressTimeout.duration
        var windows = reading.progress.countableWindows
        for _ in 0..<Self.mostCounts where report.ending == .complete {
            guard let window = windows.popLast() else { return }
            guard mayContinue(reading) else { return report.ending = .yielded }
            guard let before = try await sightings.count(in: window.seconds) else { continue }
            let filter = reading.archive.filter(of: window.seconds)
            let answer = try await asking(&reading, &report) { try await session.count(filter, timeout: timeout) }
            switch answer {
            case nil: return
            case .count(let there, isApproximate: false):
                // What came live in between is in one of the two counts, and it is not known in which.
                let after = try await sightings.count(in: window.seconds)
                if there == before, there == after {
                    let change = reading.progress.seal(
                        window, by: .exactCount, items: Int(before), cap: reading.capSeen)
                    try await store(change, writer, reading)
                    report.isStuck = false
                } else if max(there, before) > settings.sync.pageSize, let halves = window.halves {
                    windows += [halves.older, halves.newer]
                }
            case .inconclusive(.rateLimited): return
            case .inconclusive(.disconnected) where reading.progress.behaviour.count == true || control.isStopped:
                report.ending = control.isStopped ? .yielded : .failed(InconclusiveReason.disconnected.rawValue)
            case .inconclusive(.disconnected):
                // It may be that the relay cannot bear the question.
                try await giveUpCounts(&reading)
                report.ending = .yielded
                report.isStuck = false
            case .count, .unsupported, .inconclusive: return try await giveUpCounts(&reading)
            }
        }
    }

    private func giveUpCounts(_ reading: inout Reading) async throws {
        var seen = RelayBehaviour()
        seen.count = false
        try await store(VisitProgress.Change(behaviour: reading.progress.learn(seen)), writer, reading)
    }
}
