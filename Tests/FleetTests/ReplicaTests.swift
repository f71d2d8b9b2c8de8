import Crypto
import Glibc
import Nostr
import Support
import Testing

/// Two synchronizers on the same relays.
@Suite(.serialized, .timeLimit(.minutes(20))) struct ReplicaTests {
    private static let relays = 6
    private static let eventsEach = 600
    private static let whetherBothWork = """
        SELECT ((SELECT count(DISTINCT owner) FROM relay_sync) = 2 AND (SELECT count(*) FROM events) > 200)::int
        """
    private static let core = "networks:\n  local:\n    enabled: true\n    max_connections: 2\n"

    /// Relays that share a third of their events, and answer slowly enough that several visits run at once.
    /// - Parameter delay: of each answer; a test that waits to see both at work needs time to look.
    private func withRelays(
        delay: Duration = .milliseconds(100), _ body: ([FakeRelay], [String: Set<Bytes32>]) async throws -> Void
    ) async throws {
        var factory = EventFactory(seed: 61)
        let shared = factory.events(Self.eventsEach / 3)
        var relays: [FakeRelay] = []
        var held: [String: Set<Bytes32>] = [:]
        for _ in 0..<Self.relays {
            let events = shared + factory.events(Self.eventsEach - shared.count)
            var behaviour = FakeRelayBehaviour()
            behaviour.delay = delay
            let relay = try await FakeRelay.start(events: events, behaviour: behaviour)
            held[relay.url.text] = Set(events.map(\.id))
            relays.append(relay)
        }
        try await body(relays, held)
        for relay in relays { await relay.stop() }
    }

    /// Two that are up and find nothing to do, until the relays become due at one moment.
    private func startTwo(_ fleet: Fleet, _ relays: [FakeRelay], _ file: SynchronizerFile) async throws
        -> [ServiceProcess]
    {
        try await fleet.add(relays.map(\.url.text))
        try await fleet.makeDue(in: 3_600)
        let processes = try (0..<2).map { _ in try fleet.start(own: file.text, core: Self.core) }
        for process in processes {
            try await eventually("both are up", found: { process.everything }) {
                !process.log("cycle_completed").isEmpty
            }
        }
        try await fleet.makeDue()
        return processes
    }

    private func visits(_ process: ServiceProcess) -> [String] {
        process.log("relay_visited").compactMap { $0["relay"] as? String }
    }

    @Test func `no relay is visited by both at a time, and the stored set is exact`() async throws {
        try await withRelays { relays, held in
            try await withFleet { fleet in
                let file = SynchronizerFile(pageSize: 100)
                let processes = try await startTwo(fleet, relays, file)
                try await fleet.waitUntilSealed(relays.count, by: processes)
                for process in processes { #expect(try await process.terminate() == 0, "\(process.everything)") }
                try await fleet.expectExactly(held)
                let visits = processes.map(visits)
                #expect(visits.allSatisfy { !$0.isEmpty }, "one of them had nothing to do")
                // One that has no work takes relays over from the other, each at most once.
                #expect(Set(visits[0] + visits[1]) == Set(relays.map(\.url.text)))
                for relay in relays {
                    #expect(relay.connectionCount <= 2)
                    #expect(relay.mostConnections == 1)
                }
            }
        }
    }

    @Test func `when one is killed the other takes over after the lease, and the set is exact`() async throws {
        try await withRelays(delay: .milliseconds(500)) { relays, held in
            try await withFleet { fleet in
                let file = SynchronizerFile(pageSize: 100, retry: 0.2, retryCeiling: 2, leaseTTL: 2)
                let processes = try await startTwo(fleet, relays, file)
                // Its log names the relays it visits only at their end, so the leases tell who works.
                try await eventually("both work", found: { processes[0].everything + processes[1].everything }) {
                    try await fleet.number(Self.whetherBothWork) == 1
                }
                let replica = try #require(processes[0].log.first?["replica"] as? String)
                processes[0].send(signal: SIGKILL)
                #expect(try await processes[0].exit() == 128 + SIGKILL)
                let orphaned = try await fleet.number(
                    "SELECT count(*) FROM relay_sync WHERE owner = '\(replica)' AND due_at > now()")
                #expect(orphaned > 0, "it was killed between two visits")
                try await fleet.waitUntilSealed(relays.count, by: [processes[1]])
                #expect(try await processes[1].terminate() == 0, "\(processes[1].everything)")
                try await fleet.expectExactly(held)
                #expect(try await fleet.number("SELECT count(*) FROM relay_sync WHERE fence > 1") >= orphaned)
                for relay in relays { #expect(relay.mostConnections == 1) }
            }
        }
    }

    /// A stopped process is the one that comes back after its lease and still believes to hold it.
    @Test func `one that stood still longer than its lease stores nothing of it afterwards`() async throws {
        try await withRelays(delay: .milliseconds(500)) { relays, held in
            try await withFleet { fleet in
                let file = SynchronizerFile(pageSize: 100, retry: 0.2, retryCeiling: 2, leaseTTL: 2)
                let processes = try await startTwo(fleet, relays, file)
                try await eventually("both work", found: { processes[0].everything + processes[1].everything }) {
                    try await fleet.number(Self.whetherBothWork) == 1
                }
                processes[0].send(signal: SIGSTOP)
                try await fleet.waitUntilSealed(relays.count, by: [processes[1]])
                processes[0].send(signal: SIGCONT)
                for process in processes { #expect(try await process.terminate() == 0, "\(process.everything)") }
                try await fleet.expectExactly(held)
            }
        }
    }
}
