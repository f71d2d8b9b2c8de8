import Database
import Nostr
import Settings
import Support
import SyncEngine

/// What it takes to see that nothing changed: a window of a relay's history compared by NIP-77.
struct UnchangedWindow {
    let events: Int
    /// Seconds to read the history first.
    let readSeconds: Double
    /// Seconds of the visit that compares.
    let compareSeconds: Double
    let comparison: TrafficTally.Comparison

    struct Unexpected: Error, CustomStringConvertible { let description: String }

    static func measure(events: Int = 100_000) async throws -> UnchangedWindow {
        let folder = try TemporaryFolder()
        let file = "\(folder.path)/events.jsonl"
        try notes(events).writeJSONL(to: file)
        return try await RealRelay.withRunning(file: file, within: .seconds(600)) { relay in
            guard relay.held == events, let port = try? RelayURL.parse(relay.url).port else {
                throw Unexpected(description: "the relay holds \(relay.held) of \(events) events")
            }
            let proxy = try await RecordingProxy.start(to: port)
            let result = try await withTestDatabase { try await compare(proxy, events, $0) }
            await proxy.stop()
            return result
        }
    }

    /// Over almost three years, one every fifteen minutes.
    private static func notes(_ count: Int) -> [SampleEvent] {
        var factory = EventFactory(seed: 23, createdAt: 1_500_000_000)
        return (0..<count).map { number in
            factory.createdAt += 900
            return factory.sign(kind: 1, tags: [], content: "note \(number)", by: factory.author(number))
        }
    }

    private static func compare(
        _ proxy: RecordingProxy, _ events: Int, _ database: TestDatabase
    ) async throws -> UnchangedWindow {
        try await LocalEngine.add([proxy.url], to: database.brotr)
        let tally = TrafficTally { (proxy.counts.bytesUp, proxy.counts.bytesDown) }
        let engine = try LocalEngine(database.brotr, counting: tally)
        var settings = LocalEngine.readingOnce
        settings.proof.secondPass = 1
        let crew = engine.crew(settings, connections: 1)
        let clock = ContinuousClock()
        let reading = try await clock.measure { try await crew.run { _ in } }
        // By then the other look is due.
        try await clock.sleep(for: .seconds(3))
        try await database.server.run("UPDATE relay_sync SET due_at = now()", database: database.name)
        let comparing = try await clock.measure { try await crew.run { _ in } }
        guard let comparison = tally.comparisons.first, tally.comparisons.count == 1, comparison.isFinished else {
            throw Unexpected(description: "compared \(tally.comparisons.count) times: \(tally.comparisons)")
        }
        let sealed = try await database.pool.fetch(
            NamedStatement("sealed", "SELECT coalesce(max(items), 0) FROM relay_coverage WHERE proof = 2"))
        guard try sealed.first?.decode(Int64.self, at: 0) == Int64(events) else {
            throw Unexpected(description: "the window of \(events) events was not sealed")
        }
        return UnchangedWindow(
            events: events, readSeconds: reading.inSeconds, compareSeconds: comparing.inSeconds, comparison: comparison)
    }
}

extension Report {
    func sets(_ result: UnchangedWindow) {
        let compared = result.comparison
        line("")
        line(
            "sets: a window of \(result.events) events without a change, compared by NIP-77 (real relay software)"
        )
        line(
            "  round trips: \(compared.messagesDown) (\(compared.messagesUp) messages there, \(compared.messagesDown)"
                + " back)   (goal: 1)")
        line("  messages in binary: \(compared.bytesUp) bytes there, \(compared.bytesDown) back")
        line(
            "  on the socket: \(compared.wireUp) bytes there, \(compared.wireDown) back,"
                + " \(compared.wireUp + compared.wireDown) in all   (goal: less than 1000)")
        line(
            "  the visit took \(result.compareSeconds.text(2)) s; reading the history had taken"
                + " \(result.readSeconds.text(1)) s")
    }
}
