import Database
import Glibc
import Nostr
import Support

/// Honest relays alone and beside hostile ones, in one synchronizer. The honest ones answer late, so that it is they
/// who limit their rate and not the processors. The hostile ones are in a process of their own: their floods would
/// otherwise keep the honest ones from answering.
struct HostileNeighbours {
    static let honest = 5
    static let eventsEach = 2_000
    static let delay = Duration.milliseconds(400)
    static let rounds = 3
    /// Of each vice.
    static let copies = 2
    /// That each hostile one holds: few, since storing them is work and no disturbance.
    static let hostileEvents = 20

    /// One reading of the honest relays.
    struct Round {
        /// Honest events a second.
        let rate: Double
        /// Seconds of CPU of the synchronizer, and of both processes of relays.
        let synchronizer: Double
        let relays: Double
    }

    /// Without and with the others.
    let alone: [Round]
    let beside: [Round]

    /// What the hostile ones do, each over many visits or for as long as it is listened to.
    static let vices: [FakeRelayBehaviour] = {
        let answers: [FakeRelayBehaviour.Answer] = [
            .silent, .neverEOSE, .endless, .endlessUntilClosed, .garbage(1_000), .notices(100_000), .pings,
            .oversized(1 << 40), .endlessFragments(of: 0), .drip(every: .milliseconds(50)),
            .trickle(every: .milliseconds(50)), .disconnect(afterEvents: 3), .closed("rate-limited: slow down"),
        ]
        var vices = answers.map { FakeRelayBehaviour($0) }
        for change: (inout FakeRelayBehaviour) -> Void in [
            { $0.isHalfOpen = true }, { $0.stopsReading = true }, { $0.upgradeStatus = 500 },
            {
                $0.requiresAuth = true; $0.challenge = "c"; $0.challengesAgain = true
            },
            { $0.ignoresUntil = true }, { $0.order = .randomSubset }, { $0.reconciling = .endless },
        ] {
            var behaviour = FakeRelayBehaviour()
            change(&behaviour)
            vices.append(behaviour)
        }
        return vices
    }()

    static func measure() async throws -> HostileNeighbours {
        var factory = EventFactory(seed: 33)
        var honest: [FakeRelay] = []
        for _ in 0..<Self.honest {
            var behaviour = FakeRelayBehaviour()
            behaviour.delay = delay
            honest.append(try await FakeRelay.start(events: factory.events(eventsEach), behaviour: behaviour))
        }
        let hostile = try ChildProcess("/proc/self/exe", [argument])
        let others = try (0..<copies * vices.count).compactMap { _ in try hostile.readLine(within: .seconds(60)) }
        var (alone, beside): ([Round], [Round]) = ([], [])
        for _ in 0..<rounds {
            alone.append(try await read(honest.map(\.url.text), beside: [], of: hostile.processID))
            beside.append(try await read(honest.map(\.url.text), beside: others, of: hostile.processID))
        }
        for relay in honest { await relay.stop() }
        hostile.end(within: .seconds(10))
        return HostileNeighbours(alone: alone, beside: beside)
    }

    /// With this argument the program is the process of the hostile relays.
    static let argument = "--serve-hostile"

    /// Starts the hostile relays and prints their URLs, one a line; they are there until the process is ended.
    static func serve() async throws {
        var factory = EventFactory(seed: 34)
        var running: [FakeRelay] = []
        for behaviour in (0..<copies).flatMap({ _ in vices }) {
            let relay = try await FakeRelay.start(events: factory.events(hostileEvents), behaviour: behaviour)
            running.append(relay)
            print(relay.url.text)
        }
        fflush(nil)
        // Also when whoever started it is gone.
        while readLine() != nil {}
        for relay in running { await relay.stop() }
    }

    private static func read(_ urls: [String], beside others: [String], of hostile: pid_t) async throws -> Round {
        try await withTestDatabase { database in
            try await LocalEngine.add(urls + others, to: database.brotr)
            try await database.server.run(
                "UPDATE relay_sync SET due_at = now() + interval '1 h'", database: database.name)
            let process = try BenchmarkService.synchronizer.start(
                database, connections: urls.count + others.count, own: settings)
            try await BenchmarkService.waitUntilUp(process)
            try await database.server.run("UPDATE relay_sync SET due_at = now()", database: database.name)
            let start = ContinuousClock.now
            let its = CPUTime.of(process: process.processID)
            let relays = { CPUTime.own + CPUTime.of(process: hostile) }
            let theirs = relays()
            try await eventually("the honest relays are read", within: .seconds(300), found: { process.everything }) {
                let count = try await database.pool.fetch(areRead, .texts(urls)).first?.decode(Int64.self, at: 0)
                return count == Int64(urls.count * eventsEach)
            }
            let seconds = (ContinuousClock.now - start).inSeconds
            let round = Round(
                rate: Double(urls.count * eventsEach) / seconds,
                synchronizer: CPUTime.of(process: process.processID) - its, relays: relays() - theirs)
            process.send(signal: SIGTERM)
            _ = try await process.exit()
            return round
        }
    }

    /// $1 URLs; their events.
    private static let areRead = NamedStatement(
        "read_events",
        "SELECT count(*) FROM events_relays AS s JOIN relays AS r USING (relay_id) WHERE r.relay_url = ANY ($1)",
        parameters: [.textArray], columns: [.int8], isIdempotent: true)

    private static let settings = """
        sync:
          page_size: 100
          revisit_interval: 3600
          claim_interval: 0.1
        tail:
          enabled: false
        interval: 0.1
        health:
          port: 0

        """
}

extension Report {
    func hostile(_ result: HostileNeighbours) {
        let pairs = zip(result.alone, result.beside).map { ($0, $1, $1.rate / $0.rate) }.sorted { $0.2 < $1.2 }
        let hostile = HostileNeighbours.vices.count * HostileNeighbours.copies
        line("")
        line("hostile: \(HostileNeighbours.honest) honest relays, alone and beside \(hostile) hostile ones")
        for (alone, beside, share) in pairs {
            line(
                "  \(alone.rate.text(0)) events/s alone, \(beside.rate.text(0)) beside them:"
                    + " \((share * 100).text(1)) %; CPU of the synchronizer \(alone.synchronizer.text(1)) s,"
                    + " \(beside.synchronizer.text(1)) s; of all relays \(alone.relays.text(1)) s,"
                    + " \(beside.relays.text(1)) s")
        }
        let median = pairs[pairs.count / 2].2
        line("  median \((median * 100).text(1)) %   (goal: at least 95 %)")
    }
}
