import Support
import SyncEngine
import Synchronization

/// Relays that hold much of the same: each event is on one to five of five, three on the average.
struct Overlap {
    private static let relays = 5

    let events: Int
    let sightings: Int
    let seconds: Double
    /// Of the synchronizer and the servers, folding included.
    let cpuSeconds: Double
    let relaySeconds: Double
    let traffic: TrafficTally.Pages
    /// Mean bytes of an event's JSON.
    let meanBytes: Int

    /// Events that came more than once.
    var repeated: Int { traffic.copies.values.count { $0 > 1 } }

    /// With at most 20,000 events of the corpus.
    static func measure(_ corpus: Corpus) async throws -> Overlap {
        let samples = Array(corpus.samples.prefix(20_000))
        let folder = try TemporaryFolder()
        let files = try (0..<relays).map { relay in
            let file = "\(folder.path)/\(relay).jsonl"
            try samples.enumerated().filter { holds($0.offset, relay) }.map(\.element).writeJSONL(to: file)
            return file
        }
        let running = try await start(files)
        let result = try await withTestDatabase { database in try await archive(running, samples, database) }
        for relay in running { await relay.stop() }
        return result
    }

    private static func holds(_ event: Int, _ relay: Int) -> Bool {
        let copies = 1 + event % relays
        return (relay + relays - (event / relays) % relays) % relays < copies
    }

    private static func start(_ files: [String]) async throws -> [RealRelay] {
        try await withThrowingTaskGroup(of: RealRelay.self) { group in
            for file in files { group.addTask { try await RealRelay.start(file: file, within: .seconds(600)) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private static func archive(
        _ relays: [RealRelay], _ samples: [SampleEvent], _ database: TestDatabase
    ) async throws -> Overlap {
        try await LocalEngine.add(relays.map(\.url), to: database.brotr)
        try await database.server.run("CHECKPOINT")
        let tally = TrafficTally()
        let engine = try LocalEngine(database.brotr, counting: tally)
        let crew = engine.crew(LocalEngine.readingOnce, connections: relays.count)
        let stored = Mutex((events: 0, sightings: 0))
        let relaysBefore = relays.reduce(0) { $0 + CPUTime.of(process: $1.processID) }
        let before = CPUTime.own + CPUTime.servers
        let start = ContinuousClock.now
        try await crew.run { visit in
            stored.withLock { stored in
                stored.events += visit.eventsNew
                stored.sightings += visit.sightingsNew
            }
        }
        let elapsed = (ContinuousClock.now - start).inSeconds
        await StatisticsFolder(engine.context).foldIfDue()
        let (events, sightings) = stored.withLock { $0 }
        let held = relays.reduce(0) { $0 + $1.held }
        guard events == samples.count, sightings == held else {
            throw EndToEnd.Incomplete(stored: sightings, held: held)
        }
        return Overlap(
            events: events, sightings: sightings, seconds: elapsed,
            cpuSeconds: CPUTime.own + CPUTime.servers - before,
            relaySeconds: relays.reduce(0) { $0 + CPUTime.of(process: $1.processID) } - relaysBefore,
            traffic: tally.pages, meanBytes: samples.reduce(0) { $0 + $1.json.count } / samples.count)
    }
}

extension Report {
    func overlap(_ result: Overlap, verification: Double) {
        let (new, linked) = (Double(result.events) / result.seconds, Double(result.sightings) / result.seconds)
        let all = result.cpuSeconds * 1e6
        let bytes = Double(result.traffic.bytes) / Double(result.events)
        line("")
        line("overlap: five local relays (real relay software), each event on one to five of them")
        line("  \(result.events) events, \(result.sightings) sightings in \(result.seconds.text(2)) s")
        line(
            "  \(Int(new)) new events/s, \(Int(linked)) sightings/s   (goal: at least"
                + " \(Int(15_000 * 51 / verification)) sightings/s, which is 15000 where a verification takes 51 us)")
        line(
            "  CPU, all but the relays: \((all / Double(result.events) / verification).text(2)) x a new event,"
                + " \((all / Double(result.sightings) / verification).text(2)) x a sighting;"
                + " relays \((result.relaySeconds * 1e6 / Double(result.sightings)).text(1)) us a sighting")
        line(
            "  downloaded: \(result.traffic.events) events in \(result.traffic.pages) pages, \(Int(bytes)) bytes a new"
                + " event = \((bytes / Double(result.meanBytes)).text(2)) x its size   (goal: once)")
        line("  downloaded more than once: \(result.repeated) of \(result.events) events")
    }
}
