import Crypto
import Database
import Glibc
import Nostr
import Support
import Testing

/// The end of a synchronizer while it works.
@Suite(.serialized, .timeLimit(.minutes(20))) struct ShutdownTests {
    private static let events = 1_500

    private func core(grace: Double) -> String { Fleet.local + "shutdown:\n  grace: \(grace)\n" }

    /// Holds the batch that stores the 300th event inside its transaction while somebody has lock 77.
    private static let gate = """
        CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            IF (SELECT count(*) FROM public.events) >= 300 THEN PERFORM pg_advisory_xact_lock_shared(77); END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER wait_at_gate BEFORE INSERT ON public.event_batches FOR EACH ROW EXECUTE FUNCTION wait_at_gate();
        """

    /// Runs the body with a relay of which a synchronizer with small pages has stored a part and stores the next one:
    /// that batch stands still inside its transaction until `release` is called.
    private func withBatchInHand(
        grace: Double, leaseTTL: Double = 60,
        _ body: (Fleet, FakeRelay, ServiceProcess, _ release: () async throws -> Void) async throws -> Void
    ) async throws {
        var factory = EventFactory(seed: 41)
        let relay = try await FakeRelay.start(events: factory.events(Self.events))
        try await withFleet { fleet in
            try await fleet.add([relay.url.text])
            // Straight to PostgreSQL: this lock lives in one session.
            try await fleet.database.server.withConnection(database: fleet.database.name) { connection in
                try await connection.runScript(Self.gate, name: "gate", timeout: .seconds(60))
                try await connection.query("SELECT pg_advisory_lock(77)", timeout: .seconds(10))
                let file = SynchronizerFile(pageSize: 100, leaseTTL: leaseTTL)
                let process = try fleet.start(own: file.text, core: core(grace: grace))
                try await eventually("a batch is in hand", found: { process.everything }) {
                    try await fleet.waitingBatches() > 0
                }
                try await body(fleet, relay, process) {
                    try await connection.query("SELECT pg_advisory_unlock(77)", timeout: .seconds(10))
                }
            }
        }
        await relay.stop()
    }

    /// A further run brings exactly what the relay holds.
    private func expectExactAfterRestart(_ fleet: Fleet, _ relay: FakeRelay, _ held: Set<Bytes32>) async throws {
        let process = try fleet.start(own: SynchronizerFile(pageSize: 100).text)
        try await fleet.waitUntilSealed(1, by: [process])
        #expect(try await process.terminate() == 0)
        try await fleet.expectExactly([relay.url.text: held])
    }

    private var held: Set<Bytes32> {
        var factory = EventFactory(seed: 41)
        return Set(factory.events(Self.events).map(\.id))
    }

    @Test func `the batch in hand is finished, the lease given back, and the rest fetched by the next run`()
        async throws
    {
        try await withBatchInHand(grace: 60) { fleet, relay, process, release in
            let before = try await fleet.eventCount()
            process.send(signal: SIGTERM)
            try await eventually("the signal is seen", found: { process.everything }) {
                !process.log("shutdown_requested").isEmpty
            }
            #expect(process.isRunning)
            try await release()
            #expect(try await process.exit(within: .seconds(40)) == 0, "\(process.everything)")
            #expect(process.log("shutdown_urged").isEmpty)
            #expect(process.log("service_stopped").count == 1)
            #expect(try await fleet.eventCount() > before)
            #expect(try await fleet.freeRelaysDueNow() == 1)
            let stored = try await fleet.expectConsistent()
            #expect(stored.events.count < Self.events)

            let deliveredBefore = relay.deliveries
            try await expectExactAfterRestart(fleet, relay, held)
            // What was stored before is served again only where it shares the second at which reading goes on, and by
            // the one question without a lower bound and the one about the order of pages, which ask for few.
            let again = relay.deliveries.filter {
                stored.ids.contains($0.key) && $0.value > deliveredBefore[$0.key] ?? 0
            }
            #expect(again.count <= 3 + 10 + 20, "\(again.count) stored events were fetched again")
        }
    }

    @Test func `a batch that cannot be finished in time is rolled back whole`() async throws {
        try await withBatchInHand(grace: 3) { fleet, relay, process, release in
            let before = try await fleet.eventCount()
            process.send(signal: SIGTERM)
            #expect(try await process.exit(within: .seconds(30)) == 0, "\(process.everything)")
            #expect(!process.log("shutdown_urged").isEmpty)
            #expect(process.log("shutdown_cut_short").isEmpty)
            try await release()
            #expect(try await fleet.eventCount() == before)
            #expect(try await fleet.freeRelaysDueNow() == 1)
            try await fleet.expectConsistent()
            try await expectExactAfterRestart(fleet, relay, held)
        }
    }

    @Test func `a second signal ends the process at once`() async throws {
        try await withBatchInHand(grace: 200, leaseTTL: 2) { fleet, relay, process, release in
            process.send(signal: SIGTERM)
            try await eventually("the signal is seen", found: { process.everything }) {
                !process.log("shutdown_requested").isEmpty
            }
            #expect(process.isRunning)
            process.send(signal: SIGINT)
            #expect(try await process.exit(within: .seconds(20)) == 1, "\(process.everything)")
            #expect(process.log("service_stopped").isEmpty)
            try await release()
            // What the server had in hand is stored whole or not at all.
            try await eventually("nothing runs any more") { try await fleet.runningStatements() == 0 }
            try await fleet.expectConsistent()
            try await expectExactAfterRestart(fleet, relay, held)
        }
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGKILL])
    func `ended at any moment and started again it ends with the exact set`(_ signal: Int32) async throws {
        let relay = try await FakeRelay.start(events: [], behaviour: .init())
        var factory = EventFactory(seed: UInt64(signal) + 50)
        let events = factory.events(Self.events)
        relay.insert(events)
        try await withFleet { fleet in
            try await fleet.add([relay.url.text])
            let file = SynchronizerFile(pageSize: 100, leaseTTL: 2)
            let rounds = Dose.of(3, full: 12)
            for round in 0..<rounds {
                let goal = min(Self.events, try await fleet.eventCount() + Self.events / (rounds + 2))
                let process = try fleet.start(own: file.text)
                try await eventually("round \(round) stores something", found: { process.everything }) {
                    let count = try await fleet.eventCount()
                    return count >= goal && !process.log("service_started").isEmpty
                }
                process.send(signal: signal)
                let status = try await process.exit(within: .seconds(30))
                #expect(status == (signal == SIGKILL ? 128 + SIGKILL : 0), "\(process.everything)")
                if signal != SIGKILL { #expect(try await fleet.number("SELECT count(owner) FROM relay_sync") == 0) }
                // What the server had in hand may still be committed between the questions that follow.
                try await eventually("nothing runs any more") { try await fleet.runningStatements() == 0 }
                try await fleet.expectConsistent()
            }
            let last = try fleet.start(own: file.text)
            try await fleet.waitUntilSealed(1, by: [last])
            #expect(try await last.terminate() == 0, "\(last.everything)")
            try await fleet.expectExactly([relay.url.text: Set(events.map(\.id))])
        }
        await relay.stop()
    }
}

extension Fleet {
    /// Batches that wait at the gate.
    fileprivate func waitingBatches() async throws -> Int {
        try await number(
            """
            SELECT count(*) FROM pg_locks
             WHERE NOT granted AND locktype = 'advisory' AND objid = 77
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """)
    }

    /// Sessions of services that have a transaction open.
    fileprivate func runningStatements() async throws -> Int {
        try await number(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = '\(user)' AND state IS DISTINCT FROM 'idle'")
    }

    /// Relays that nobody holds and that may be visited at once.
    fileprivate func freeRelaysDueNow() async throws -> Int {
        try await number("SELECT count(*) FROM relay_sync WHERE owner IS NULL AND due_at <= now()")
    }
}
