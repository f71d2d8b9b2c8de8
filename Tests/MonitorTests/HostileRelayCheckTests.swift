import Glibc
import Nostr
import ServiceKit
import Settings
import Support
import Testing

@testable import Monitor

/// Relays that do something wrong: stored as what they are, with the reason, and the others are checked all the same.
@Suite struct HostileRelayCheckTests {
    private static let found = """
        SELECT concat_ws(' ', openable, coalesce(readable::text, '-'), coalesce(nip66_error, '-'))
          FROM relay_metadata_latest
        """

    /// The status after two checks, and what the last one found.
    private func check(
        _ url: String, ca: String? = nil, _ change: (inout MonitorConfig) -> Void = { _ in }
    ) async throws -> (status: [String], found: String) {
        var result: (status: [String], found: String) = ([], "")
        try await withMonitorBench { bench in
            try await bench.insert([url])
            let monitor = bench.monitor(change) {
                $0.tls.caFile = ca
                $0.networks.local.timeout = 20
            }
            for _ in 0..<2 { #expect(try await bench.cycle(monitor).success) }
            result = (try await bench.statuses(), try await bench.text(Self.found))
        }
        return result
    }

    @Test(arguments: [
        // Fault, status, what is stored.
        (FakeRelayBehaviour(.closed("auth-required: who are you")), "online", "t false -"),
        (FakeRelayBehaviour(.closed("blocked: go away")), "online", "t false -"),
        (FakeRelayBehaviour(.earlyEOSE(after: 0)), "online", "t true -"),
        (FakeRelayBehaviour(.notices(3)), "online", "t true -"),
        (FakeRelayBehaviour(.endless), "online", "t false -"),
        (FakeRelayBehaviour(.invalidUTF8), "online", "t true -"),
        (FakeRelayBehaviour(.disconnect(afterEvents: 0)), "offline", "t false connection_lost"),
        (FakeRelayBehaviour(.raw([0xFF, 0xFF, 0xFF])), "offline", "t false protocol_violation"),
        (FakeRelayBehaviour(.oversized(1 << 30)), "offline", "t false message_too_large"),
        (FakeRelayBehaviour(.endlessFragments(of: 1 << 20)), "offline", "t false protocol_violation"),
    ])
    func `a relay is judged by what it says`(
        behaviour: FakeRelayBehaviour, status: String, found: String
    ) async throws {
        var factory = EventFactory(seed: 51)
        let relay = try await FakeRelay.start(events: factory.events(30), behaviour: behaviour)
        let result = try await check(relay.url.text)
        #expect(result.status == [status])
        #expect(result.found == found)
        await relay.stop()
    }

    @Test(arguments: [FakeRelayBehaviour.Answer.silent, .pings])
    func `a WebSocket that never answers is no relay`(answer: FakeRelayBehaviour.Answer) async throws {
        let relay = try await FakeRelay.start(behaviour: FakeRelayBehaviour(answer))
        let result = try await check(relay.url.text) { $0.checks.readTimeout = 0.2 }
        #expect(result.status == ["offline"])
        // So many pings are a fault of their own.
        let reasons = ["total", "silent", "protocol_violation"].map { "t false \($0)" }
        #expect(reasons.contains(result.found), "\(result.found)")
        await relay.stop()
    }

    @Test func `a challenge alone shows that somebody is there`() async throws {
        var behaviour = FakeRelayBehaviour(.silent)
        behaviour.challenge = "abc"
        let relay = try await FakeRelay.start(behaviour: behaviour)
        let result = try await check(relay.url.text) { $0.checks.readTimeout = 0.5 }
        #expect(result.status == ["online"])
        #expect(result.found == "t false -")
        await relay.stop()
    }

    @Test func `a port that takes connections and says nothing times out`() async throws {
        let silent = try SilentPort()
        let result = try await check("ws://127.0.0.1:\(silent.port)") { $0.checks.timeout = 0.2 }
        #expect(result.status == ["offline"])
        #expect(result.found == "f - timeout")
    }

    @Test(arguments: [
        (200, [("X", "y")], "f - upgrade_refused"), (404, [], "f - upgrade_refused"), (503, [], "f - rate_limited"),
        (301, [("Location", "http://127.0.0.1/")], "f - redirected"),
    ])
    func `a web server without WebSocket is not up`(
        status: Int, headers: [(String, String)], found: String
    ) async throws {
        var behaviour = FakeRelayBehaviour()
        (behaviour.upgradeStatus, behaviour.upgradeHeaders) = (status, headers)
        let relay = try await FakeRelay.start(behaviour: behaviour)
        let result = try await check(relay.url.text)
        #expect(result.status == ["offline"])
        #expect(result.found == found)
        await relay.stop()
    }

    @Test(arguments: [
        (TestCertificates.valid, "online", "t true -"),
        (.expired, "offline", "f - certificate_expired"),
        (.notYetValid, "offline", "f - certificate_not_yet_valid"),
        (.otherHost, "offline", "f - hostname_mismatch"),
        (.selfSigned, "offline", "f - certificate_untrusted"),
    ])
    func `a bad certificate is a reason`(certificate: TestCertificates, status: String, found: String) async throws {
        let ca = try TestCertificates.writeAuthority()
        defer { unlink(ca) }
        let relay = try await FakeRelay.start(tls: certificate)
        let result = try await check(relay.url.text, ca: ca)
        #expect(result.status == [status])
        #expect(result.found == found)
        await relay.stop()
    }

    @Test func `silent ones do not keep the others waiting`() async throws {
        let relay = try await FakeRelay.start()
        let silent = try SilentPort()
        try await withMonitorBench { bench in
            try await bench.insert((0..<30).map { "ws://127.0.0.1:\(silent.port)/\($0)" })
            try await bench.insert((0..<30).map { "\(relay.url.text)/\($0)" })
            let outcome = try await bench.monitor {
                $0.checks.timeout = 1
                $0.checks.concurrency = 10
            }.run()
            #expect(outcome.success && outcome.metrics["relays_checked"] == 60)
            #expect(outcome.metrics["relays_answered"] == 30)
        }
        await relay.stop()
    }
}
