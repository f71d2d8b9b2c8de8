import Database
import Glibc
import Nostr
import Support

/// Two replicas against one, where neither the relays nor the database are what limits them: relays answer late, and
/// each replica has connections for half of them.
struct ReplicaScaling {
    static let relays = 10
    static let eventsEach = 2_000
    static let connections = 5
    static let delay = Duration.milliseconds(200)

    /// Seconds until all relays are read.
    let one: Double
    let two: Double

    static func measure() async throws -> ReplicaScaling {
        var factory = EventFactory(seed: 31)
        var running: [FakeRelay] = []
        for _ in 0..<relays {
            var behaviour = FakeRelayBehaviour()
            behaviour.delay = delay
            running.append(try await FakeRelay.start(events: factory.events(eventsEach), behaviour: behaviour))
        }
        let one = try await seconds(replicas: 1, running)
        let two = try await seconds(replicas: 2, running)
        for relay in running { await relay.stop() }
        return ReplicaScaling(one: one, two: two)
    }

    private static func seconds(replicas: Int, _ relays: [FakeRelay]) async throws -> Double {
        try await withTestDatabase { database in
            try await LocalEngine.add(relays.map(\.url.text), to: database.brotr)
            // They come up and find nothing to do; then all relays are due at one moment.
            try await database.server.run(
                "UPDATE relay_sync SET due_at = now() + interval '1 h'", database: database.name)
            let processes = try (0..<replicas).map { _ in
                try BenchmarkService.synchronizer.start(database, connections: connections, own: settings)
            }
            for process in processes { try await BenchmarkService.waitUntilUp(process) }
            try await database.server.run("UPDATE relay_sync SET due_at = now()", database: database.name)
            let start = ContinuousClock.now
            try await eventually(
                "all relays are read", within: .seconds(300),
                found: { processes.map(\.everything).joined(separator: "\n") }
            ) {
                try await database.pool.fetch(areRead).first?.decode(Bool.self, at: 0) == true
            }
            let seconds = (ContinuousClock.now - start).inSeconds
            for process in processes { process.send(signal: SIGTERM) }
            for process in processes { _ = try await process.exit() }
            return seconds
        }
    }

    private static let areRead = NamedStatement(
        "are_read",
        "SELECT bool_and(sealed_hi IS NOT NULL AND walk_hi IS NULL) AND (SELECT count(*) FROM events) = "
            + "\(relays * eventsEach) FROM relay_sync", isIdempotent: true)

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
    func replicas(_ result: ReplicaScaling) {
        let delay = (ReplicaScaling.delay.inSeconds * 1_000).text(0)
        line("")
        line(
            "replicas: \(ReplicaScaling.relays) relays of \(ReplicaScaling.eventsEach) events that answer after"
                + " \(delay) ms, \(ReplicaScaling.connections) connections a replica")
        line(
            "  one replica \(result.one.text(2)) s, two \(result.two.text(2)) s:"
                + " \((result.one / result.two).text(2)) times as fast   (goal: at least 1.7)")
    }
}
