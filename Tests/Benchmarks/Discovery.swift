import Database
import Glibc
import Support

/// What finding relays costs: the Finder over stored events, and the Initializer over a long dirty list.
struct Discovery {
    static let seedLines = 100_000

    /// Events that the Finder read, how long it took, and CPU microseconds an event.
    let events: Int
    let seconds: Double
    let finderMicroseconds, serverMicroseconds: Double
    /// Resident MiB of the Finder at each tenth of the run.
    let residentMebibytes: [Double]
    /// Seconds of the Initializer for the list, and what it said of it.
    let seedSeconds: Double
    let seeded: Int

    /// - Parameter events: stored ones, each with a hint and an author's hint.
    static func measure(events: Int, _ report: Report) async throws -> Discovery {
        try await withTestDatabase { database in
            let fill = try await StoredEvents.fill(events, database, report)
            report.filled(fill)
            let scan = try await scan(fill.events, database)
            let (seconds, seeded) = try await seed(database)
            return Discovery(
                events: scan.events, seconds: scan.seconds, finderMicroseconds: scan.own,
                serverMicroseconds: scan.servers, residentMebibytes: scan.resident, seedSeconds: seconds,
                seeded: seeded)
        }
    }

    private struct Scan {
        var events = 0
        var seconds = 0.0
        var own = 0.0
        var servers = 0.0
        var resident: [Double] = []
    }

    private static func scan(_ events: Int, _ database: TestDatabase) async throws -> Scan {
        let (start, servers) = (ContinuousClock.now, CPUTime.servers)
        let process = try BenchmarkService.finder.start(
            database, own: scanSettings(events: events), ["--once"])
        var samples: [Double] = []
        var own = 0.0
        while process.isRunning {
            let (memory, time) = (
                CPUTime.residentMebibytes(of: process.processID), CPUTime.of(process: process.processID)
            )
            if memory > 0 { samples.append(memory) }
            own = max(own, time)
            try await ContinuousClock().sleep(for: .milliseconds(100))
        }
        let status = try await process.exit()
        precondition(status == 0, process.everything)
        let seconds = (ContinuousClock.now - start).inSeconds
        let read = try await number("SELECT count(*) FROM event_batches, unnest(events)", database)
        let scale = 1e6 / Double(max(read, 1))
        return Scan(
            events: read, seconds: seconds, own: own * scale, servers: (CPUTime.servers - servers) * scale,
            resident: tenths(samples))
    }

    private static func tenths(_ samples: [Double]) -> [Double] {
        guard samples.count > 10 else { return samples }
        return (1...10).map { samples[samples.count * $0 / 10 - 1] }
    }

    /// A list as they are met: duplicates, other spellings, addresses of home networks, junk.
    private static func seed(_ database: TestDatabase) async throws -> (seconds: Double, relays: Int) {
        let lines = (0..<seedLines).map { number in
            switch number % 10 {
            case 0: "wss://Relay\(number - 10).example.com/"
            case 1: "ws://192.168.\(number % 256).\(number / 256 % 256):4848"
            case 2: "https://relay\(number).example.com"
            case 3: "wss://relay\(number).example.com:443/a/../b"
            default: "wss://relay\(number).example.com"
            }
        }
        let folder = try TemporaryFolder()
        let list = try folder.write(lines.joined(separator: "\n"), to: "seed.txt")
        let before = try await number("SELECT count(*) FROM relays", database)
        let start = ContinuousClock.now
        let process = try BenchmarkService.initializer.start(database, own: "seed:\n  path: \(list)\n")
        let status = try await process.exit(within: .seconds(300))
        precondition(status == 0, process.everything)
        let seconds = (ContinuousClock.now - start).inSeconds
        return (seconds, try await number("SELECT count(*) FROM relays", database) - before)
    }

    private static func number(_ sql: String, _ database: TestDatabase) async throws -> Int {
        Int(try await database.pool.fetch(NamedStatement("count", sql)).first?.decode(Int64.self, at: 0) ?? 0)
    }

    private static func scanSettings(events: Int) -> String {
        """
        api:
          enabled: false
        event_scan:
          max_events_per_cycle: \(events + 1)
        health:
          port: 0

        """
    }
}

extension Report {
    func discovery(_ result: Discovery) {
        let memory = result.residentMebibytes.map { $0.text(0) }.joined(separator: " ")
        line("")
        line("discovery: one Finder over \(result.events) stored events that name a relay each")
        let rate = Int(Double(result.events) / result.seconds)
        line("  \(result.seconds.text(2)) s = \(rate) events/s, database included")
        line(
            "  CPU an event: Finder \(result.finderMicroseconds.text(2)) us"
                + " (\(Int(1e6 / max(result.finderMicroseconds, 0.01))) events/s of a core; goal: at least 100000),"
                + " servers \(result.serverMicroseconds.text(2)) us")
        line("  resident MiB of the Finder over the run: \(memory)   (goal: flat)")
        line(
            "  a seed list of \(Discovery.seedLines) lines: \(result.seedSeconds.text(2)) s, \(result.seeded) relays"
                + "   (goal: less than 10 s)")
    }
}
