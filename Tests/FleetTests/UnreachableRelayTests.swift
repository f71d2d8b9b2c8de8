import Glibc
import Nostr
import Support
import Testing

/// Relays that cannot be reached: an ordinary thing, of which nothing crashes.
@Suite(.serialized, .timeLimit(.minutes(10))) struct UnreachableRelayTests {
    private static let core = "networks:\n  clearnet:\n    timeout: 3\n  local:\n    enabled: true\n    timeout: 3\n"

    @Test func `they are reported with a reason and tried again later`() async throws {
        let refusing = "ws://127.0.0.1:\(try FreePort.find())"
        let urls = [refusing, "wss://no-such-host.invalid", "ws://relay.no-such-host.invalid:81/path"]
        try await withFleet { fleet in
            try await fleet.add(urls)
            let process = try await fleet.runOnce(own: SynchronizerFile(retry: 60).text, core: Self.core)
            let cycle = try #require(process.log("cycle_completed").first)
            #expect(cycle["outcome"] as? String == "success")
            #expect(cycle["count_relays_failed"] as? Int == urls.count)
            let reasons = process.log("relay_visited").compactMap { $0["reason"] as? String }
            #expect(reasons.count == urls.count)
            #expect(!reasons.contains(""))
            let failed = """
                SELECT count(*) FROM relay_sync WHERE owner IS NULL AND fails = 1 AND class = 5
                   AND last_error IS NOT NULL AND due_at > now() + interval '30 s'
                """
            #expect(try await fleet.number(failed) == urls.count)
            let refused = """
                SELECT count(*) FROM relay_sync JOIN relays USING (relay_id)
                 WHERE relay_url = '\(refusing)' AND last_error = 'connection_refused'
                """
            #expect(try await fleet.number(refused) == 1)
        }
    }

    @Test func `the process stays alive and ready, and waits longer each time`() async throws {
        let refusing = "ws://127.0.0.1:\(try FreePort.find())"
        let port = try FreePort.find()
        try await withFleet { fleet in
            try await fleet.add([refusing])
            let process = try fleet.start(own: SynchronizerFile(retry: 0.1, healthPort: port).text)
            try await eventually("it is tried again and again", found: { process.everything }) {
                try await fleet.number("SELECT max(fails) FROM relay_sync") >= 3
            }
            #expect(await HTTPProbe.get("/readyz", port: port)?.status == 200)
            #expect(try await process.terminate() == 0, "\(process.everything)")
        }
    }

    /// Loopback and private addresses are dialled only where the operator says so.
    @Test func `a local relay is left alone without the switch`() async throws {
        let relay = try await FakeRelay.start()
        try await withFleet { fleet in
            try await fleet.add([relay.url.text])
            try await fleet.runOnce(own: SynchronizerFile().text, core: "")
            #expect(try await fleet.number("SELECT max(fence) FROM relay_sync") == 0)
        }
        #expect(relay.connectionCount == 0)
        await relay.stop()
    }
}
