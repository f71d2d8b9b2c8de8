import Crypto
import Foundation
import Glibc
import Nostr
import Support
import Testing

/// Onion relays, through a real Tor network: `SOCKS5_PROXY_URL` is all that the services are told of it.
@Suite(.serialized, .timeLimit(.minutes(10))) struct OnionRelayTests {
    /// A name that is well formed and nobody's.
    private static let dead = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"

    /// Real relay software behind two onion names: one with events, one with an information document.
    private struct Relays {
        let tor: TorNetwork
        let held: Set<Bytes32>
        /// The one with events, the one with a document, and one that nobody serves.
        var urls: [String] { (tor.onions + [OnionRelayTests.dead]).map { "ws://\($0)" } }
        var environment: [String: String] { ["SOCKS5_PROXY_URL": tor.proxy] }
    }

    private func withRelays(_ body: (Relays) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        var factory = EventFactory(seed: 91)
        try factory.events(400).writeJSONL(to: "\(folder.path)/events.jsonl")
        let options = ["--ids", "\(folder.path)/held.txt"]
        try await RealRelay.withRunning(file: "\(folder.path)/events.jsonl", options: options) { relay in
            let held = Set(folder.read("held.txt").split(separator: "\n").compactMap { Bytes32(hex: String($0)) })
            try #require(held.count == 400)
            try await RealRelay.withRunning(.document, port: try FreePort.find()) { other in
                let ports = try [relay, other].map { try #require(URL(string: $0.url)?.port) }
                try await TorNetwork.withRunning(to: ports) { try await body(Relays(tor: $0, held: held)) }
            }
        }
    }

    /// Two failures follow each other at once; what is up is looked at again only when it was not read well.
    private static func monitor(nameServer: String) -> String {
        """
        checks:
          confirmation: 0.2
          read_timeout: 60
          nip11_timeout: 60
          timeout: 240
          dns_servers: ["\(nameServer)"]
        interval: 0.2
        cycle_limit: 5
        """
    }

    @Test func `they are measured and archived through the proxy, and no name is looked up`() async throws {
        let nameServer = try await FakeNameServer.start { _ in .error(3) }
        try await withRelays { relays in
            try await withFleet(as: [.monitor, .synchronizer]) { fleet in
                try await fleet.add(relays.urls)
                try await expectMeasured(fleet, relays, nameServer)
                try await expectArchived(fleet, relays)
            }
        }
        await nameServer.stop()
    }

    private func expectMeasured(_ fleet: Fleet, _ relays: Relays, _ nameServer: FakeNameServer) async throws {
        // Not even local addresses are allowed: nothing can be reached but by the proxy.
        let process = try fleet.start(
            .monitor, own: Self.monitor(nameServer: nameServer.address), core: "", environment: relays.environment)
        let offline = "SELECT count(*) FROM relays WHERE status = 'offline' AND relay_url = 'ws://\(Self.dead)'"
        try await eventually("all are judged", found: { process.everything }) {
            let online = try await fleet.number("SELECT count(*) FROM relays WHERE status = 'online'")
            return try await fleet.number(offline) == 1 && online == 2
        }
        // Tor can keep one relay's streams from another's by the name that it was given for them.
        let users = try await relays.tor.users()
        #expect(Set(relays.tor.onions).isSubset(of: users), "\(users)")
        #expect(try await process.terminate() == 0, "\(process.everything)")

        let measured = try await fleet.texts(
            """
            SELECT DISTINCT concat_ws(' ', network, openable, readable, name, nip66_error) FROM relay_metadata_latest
             WHERE status = 'online' ORDER BY 1
            """)
        #expect(measured == ["tor t t", "tor t t a relay with a document"], "\(process.everything)")
        let reason = "SELECT c.last_error FROM relay_checks c JOIN relays r USING (relay_id) WHERE r.status = 'offline'"
        #expect(try await fleet.texts(reason) == ["proxy_refused"])
        #expect(try await fleet.texts("SELECT cause FROM relay_outages WHERE ended_at IS NULL") == ["proxy_refused"])
        let looked = "SELECT count(*) FROM nip66 WHERE document -> 'checks' ?| ARRAY['dns', 'geo', 'network', 'tls']"
        #expect(try await fleet.number(looked) == 0)
        #expect(nameServer.questions.isEmpty)
    }

    private func expectArchived(_ fleet: Fleet, _ relays: Relays) async throws {
        let process = try fleet.start(
            .synchronizer, own: SynchronizerFile().text, core: "", arguments: ["--once"],
            environment: relays.environment)
        #expect(try await process.exit(within: .seconds(120)) == 0, "\(process.everything)")
        try await fleet.expectExactly([relays.urls[0]: relays.held])
        let failed = "SELECT relay_url FROM relay_sync JOIN relays USING (relay_id) WHERE last_error IS NOT NULL"
        #expect(try await fleet.texts(failed) == ["ws://\(Self.dead)"], "\(process.everything)")
    }
}
