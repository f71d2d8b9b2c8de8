import Glibc
import Nostr
import Support
import Synchronization

/// Resident memory of one synchronizer, the real executable, while it follows hundreds of relays.
struct FollowerMemory {
    static let eventsEach = 200
    /// Events that all relays together take in each second meanwhile.
    static let perSecond = 100

    let relays: Int
    /// MiB some seconds after the last relay was read, and then each second.
    let samples: [Double]
    /// Most of the whole life, the reading of what the relays held included.
    let peak: Double
    /// Events stored when the samples began and ended.
    let stored: (before: Int, after: Int)

    static func measure(relays count: Int, seconds: Int = 60) async throws -> FollowerMemory {
        var factory = EventFactory(seed: 37, createdAt: Int64(time(nil)) - 100_000)
        let pool = factory.events(4_000)
        var relays: [FakeRelay] = []
        for number in 0..<count {
            let start = number * 7 % (pool.count - eventsEach)
            relays.append(try await FakeRelay.start(events: Array(pool[start..<(start + eventsEach)])))
        }
        factory.createdAt = Int64(time(nil))
        let coming = factory.events(seconds * perSecond)
        let running = relays
        let result = try await withTestDatabase { database in
            try await follow(running, coming, seconds, database)
        }
        for relay in relays { await relay.stop() }
        return result
    }

    private static func follow(
        _ relays: [FakeRelay], _ coming: [SampleEvent], _ seconds: Int, _ database: TestDatabase
    ) async throws -> FollowerMemory {
        try await LocalEngine.add(relays.map(\.url.text), to: database.brotr)
        let process = try BenchmarkService.synchronizer.start(database, connections: relays.count + 20, own: settings)
        try await eventually("all relays are followed and read", within: .seconds(300), found: { process.everything }) {
            // Not looked at all the time: what is measured runs on the same processors.
            try await ContinuousClock().sleep(for: .milliseconds(500))
            return relays.allSatisfy(\.isFollowedAndRead)
        }
        // What only reading took is given back by then.
        try await ContinuousClock().sleep(for: .seconds(10))
        let before = try await database.eventCount()
        var samples = [CPUTime.residentMebibytes(of: process.processID)]
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publish(coming, on: relays) }
            for _ in 0..<seconds {
                try await ContinuousClock().sleep(for: .seconds(1))
                samples.append(CPUTime.residentMebibytes(of: process.processID))
            }
            group.cancelAll()
        }
        let stillFollowed = relays.count { $0.openConnections == 1 }
        let result = FollowerMemory(
            relays: stillFollowed, samples: samples, peak: CPUTime.peakMebibytes(of: process.processID),
            stored: (before, try await database.eventCount()))
        process.send(signal: SIGTERM)
        _ = try await process.exit()
        return result
    }

    /// One after the other, each on the next relay.
    private static func publish(_ events: [SampleEvent], on relays: [FakeRelay]) async throws {
        for (number, event) in events.enumerated() {
            try await ContinuousClock().sleep(for: .milliseconds(1_000 / perSecond))
            relays[number % relays.count].publish(event)
        }
    }

    private static let settings = """
        interval: 0.1
        health:
          port: 0

        """
}

extension FakeRelay {
    /// Somebody has a subscription open without bounds of time, and has asked as often as a history of less than a page
    /// takes.
    fileprivate var isFollowedAndRead: Bool {
        guard openConnections > 0 else { return false }
        let requests = requests
        let isFollowed = requests.contains { request in
            let filter = request.filters.first
            return filter?.limit == 1 && filter?.since == nil && filter?.until == nil && !request.isClosed
        }
        return isFollowed && requests.count >= 5
    }
}

extension Report {
    func memory(_ result: FollowerMemory) {
        let ordered = result.samples.sorted()
        let (first, last) = (result.samples[0], result.samples[result.samples.count - 1])
        let words = [first, ordered[ordered.count / 2], last, ordered[ordered.count - 1]].map { $0.text(1) }
        line("")
        line(
            "memory: one synchronizer, \(result.relays) relays followed, \(result.samples.count - 1) s with"
                + " \(result.stored.after - result.stored.before) new events, \(result.stored.before) stored before")
        line(
            "  resident MiB: first \(words[0]), median \(words[1]), last \(words[2]), most \(words[3])"
                + "   (goal: at most 150, flat)")
        line("  last : first = \((last / first).text(2)); most of its whole life \(result.peak.text(1)) MiB")
    }
}
