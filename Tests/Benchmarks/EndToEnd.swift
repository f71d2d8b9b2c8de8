import Support
import SyncEngine
import Synchronization

/// From a real relay's socket to the tables, by the synchronizer's own crew.
struct EndToEnd {
    let events: Int
    let seconds: Double
    let clientMicroseconds: Double
    let serverMicroseconds: Double
    let relayMicroseconds: Double
    /// Ten samples over the run.
    let residentMebibytes: [Double]

    var rate: Double { Double(events) / seconds }

    /// On fresh tables.
    static func measure(_ corpus: Corpus) async throws -> EndToEnd {
        try await withTestDatabase { try await measure(corpus, in: $0) }
    }

    /// In a database that holds none of the corpus.
    static func measure(_ corpus: Corpus, in database: TestDatabase) async throws -> EndToEnd {
        let folder = try TemporaryFolder()
        let file = "\(folder.path)/events.jsonl"
        try corpus.samples.writeJSONL(to: file)
        return try await RealRelay.withRunning(file: file, within: .seconds(600)) { relay in
            try await archive(relay, database)
        }
    }

    private static func archive(_ relay: RealRelay, _ database: TestDatabase) async throws -> EndToEnd {
        try await LocalEngine.add([relay.url], to: database.brotr)
        try await database.server.run("CHECKPOINT")
        let engine = try LocalEngine(database.brotr)
        let crew = engine.crew(LocalEngine.readingOnce, connections: 1)
        let stored = Mutex(0)
        let before = (own: CPUTime.own, servers: CPUTime.servers, relay: CPUTime.of(process: relay.processID))
        let clock = ContinuousClock()
        let start = clock.now
        let memory = try await sampled(every: .milliseconds(250)) {
            try await crew.run { visit in stored.withLock { $0 += visit.eventsNew } }
        }
        let elapsed = clock.now - start
        // Counting is part of what an event costs.
        await StatisticsFolder(engine.context).foldIfDue()
        let count = stored.withLock { $0 }
        guard count == relay.held else { throw Incomplete(stored: count, held: relay.held) }
        let scale = 1e6 / Double(count)
        return EndToEnd(
            events: count, seconds: elapsed.inSeconds,
            clientMicroseconds: (CPUTime.own - before.own) * scale,
            serverMicroseconds: (CPUTime.servers - before.servers) * scale,
            relayMicroseconds: (CPUTime.of(process: relay.processID) - before.relay) * scale,
            residentMebibytes: memory)
    }

    /// The run stored another number of events than the relay holds: its figures would mean nothing.
    struct Incomplete: Error, CustomStringConvertible {
        let stored: Int
        let held: Int
        var description: String { "the relay holds \(held) events, \(stored) were stored" }
    }

    /// Runs the body and gives ten samples of this process's memory over its time.
    private static func sampled(
        every interval: Duration, _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> [Double] {
        let samples = MemorySamples()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await samples.take(every: interval) }
            group.addTask { try await body() }
            // The first to end is the body: the sampler never does.
            try await group.next()
            group.cancelAll()
        }
        let all = samples.all + [CPUTime.residentMebibytes]
        return (0..<10).map { all[$0 * (all.count - 1) / 9] }
    }
}

/// Resident memory over time.
private final class MemorySamples: Sendable {
    private let values = Mutex([CPUTime.residentMebibytes])

    var all: [Double] { values.withLock { $0 } }

    func take(every interval: Duration) async throws {
        while true {
            try await ContinuousClock().sleep(for: interval)
            values.withLock { $0.append(CPUTime.residentMebibytes) }
        }
    }
}
