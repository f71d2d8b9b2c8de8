import Crypto
import Nostr
import RelayClient
import ServiceKit
import Settings
import Support
import Testing

@testable import Monitor

/// Whether relays take an event of ours, and that nothing is left behind.
@Suite(.timeLimit(.minutes(5))) struct WriteProbeTests {
    private static let key = String(repeating: "7", count: 64)
    private static let found = """
        SELECT concat_ws(' ', m.writable, m.rtt_write >= 0, n.document -> 'checks' -> 'write' ->> 'reason',
                         n.document -> 'checks' -> 'write' ->> 'pow')
          FROM relay_metadata_latest m JOIN nip66 n ON n.id = m.nip66_id
        """

    private func check(
        _ taking: FakeRelayBehaviour.Taking, maxPow: Int = 16, _ change: (inout FakeRelayBehaviour) -> Void = { _ in }
    ) async throws -> (found: String, events: [String]) {
        let relay = try await FakeRelay.start()
        relay.behaviour.taking = taking
        change(&relay.behaviour)
        var result = ""
        try await withMonitorBench { bench in
            try await bench.insert([relay.url.text])
            let monitor = bench.monitor(key: Self.key) {
                ($0.checks.write.enabled, $0.checks.write.maxPow) = (true, maxPow)
                if case .ignores = taking { $0.checks.write.timeout = 0.3 }
            }
            #expect(try await bench.cycle(monitor).success)
            #expect(try await bench.statuses() == ["online"])
            result = try await bench.text(Self.found)
        }
        await relay.stop()
        return (result, relay.messages(named: "EVENT"))
    }

    @Test func `OK true is writable`() async throws {
        let (found, events) = try await check(.accepts)
        #expect(found == "t t" && events.count == 1)
    }

    @Test(arguments: [
        (FakeRelayBehaviour.Taking.refuses("blocked: not you"), "f t refused_blocked"),
        (.refuses("no"), "f t refused"), (.refuses("rate-limited: x"), "f t refused_rate_limited"),
        (.ignores, "f unanswered"), (.refuses("pow: 17 bits"), "f t refused_pow 17"),
    ])
    func `anything else is not, and why is kept`(taking: FakeRelayBehaviour.Taking, found: String) async throws {
        let result = try await check(taking)
        #expect(result.found == found && result.events.count == 1)
    }

    @Test func `AUTH that is demanded is noted and not given`() async throws {
        let (found, events) = try await check(.accepts) {
            ($0.requiresAuth, $0.challenge) = (true, "abc")
        }
        #expect(found == "f t auth_required" && events.count == 1)
    }

    @Test func `work that is asked for is done, once`() async throws {
        let (found, events) = try await check(.needsWork(bits: 8), maxPow: 8)
        // One in 256 events has the work from the start.
        #expect(found == "t t 8" || found == "t t")
        #expect(events.count == (found == "t t" ? 1 : 2))
    }

    @Test func `the event is ephemeral, expires, and names the relay`() throws {
        let url = try RelayURL.parse("wss://a.example")
        let event = WriteProbe.event(for: url, at: UnixTime(seconds: 1_700_000_000))
        #expect((20_000..<30_000).contains(event.kind))
        #expect(event.tags.prefix(2) == [["relay", "wss://a.example"], ["expiration", "1700000060"]])
        #expect(event.tags.allSatisfy { $0.count == 2 } && event.content.isEmpty)
    }

    @Test func `real relay software takes the event and keeps nothing`() async throws {
        try await RealRelay.withRunning { relay in
            try await withMonitorBench { bench in
                try await bench.insert([relay.url])
                let monitor = bench.monitor(key: Self.key) { $0.checks.write.enabled = true }
                #expect(try await bench.cycle(monitor).success)
                #expect(try await bench.text(Self.found) == "t t")
                let (url, author) = (relay.url, try NIP19Keys.secretKey(Self.key).publicKey.hex)
                let kept = try await NIP66Reader.events(on: url, author: author, kinds: [Int(WriteProbe.kind)])
                #expect(kept.isEmpty)
            }
        }
    }

    @Test func `a relay that asked to be left alone is neither dialled nor judged`() async throws {
        let relay = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert([relay.url.text, relay.url.text + "/two"])
            let one = bench.monitor { $0.checks.exclude = [relay.url.text] }
            let outcome = try await bench.cycle(one)
            #expect(outcome.metrics["relays_checked"] == 1 && relay.connectionCount == 1)
            #expect(try await bench.statuses() == ["unknown", "online"])
            let held = "SELECT (owner IS NULL AND due_at > now() + interval '5 h')::text FROM relay_checks"
            #expect(try await bench.text("\(held) WHERE relay_id = 1") == "true")
            let none = bench.monitor { $0.checks.exclude = ["127.0.0.1"] }
            #expect(try await bench.cycle(none).metrics["relays_checked"] == 0)
            #expect(try await bench.statuses() == ["unknown", "online"])
        }
        await relay.stop()
    }
}
