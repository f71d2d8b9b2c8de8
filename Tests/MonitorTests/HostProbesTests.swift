import Database
import Foundation
import Net
import Nostr
import ServiceKit
import Settings
import Support
import Testing

@testable import Monitor

/// What is stored of a relay's host, with a name server, certificates and databases of addresses of this machine.
@Suite struct HostProbesTests {
    private static let clock = MonotonicClock(ContinuousClock())

    /// Names that localhost goes by here; the relay is dialled by the system's own idea of it.
    private static func names(_ question: FakeNameServer.Question) -> FakeNameServer.Reply {
        switch question.type {
        case 1:
            .records([
                .name("localhost", type: 5, "relay.test", ttl: 30), .address("relay.test", [127, 0, 0, 1], ttl: 300),
            ])
        case 2: .records(["ns2.relay.test", "ns1.relay.test"].map { .name(question.name, type: 2, $0) })
        case 12: .records([.name(question.name, type: 12, "host.relay.test")])
        default: .records([])
        }
    }

    private static func geo(_ folder: TemporaryFolder) throws -> GeoSettings {
        let place = MaxMindFile.city(
            "IT", "Italy", region: "Lazio", city: "Rome", latitude: 41.8919, longitude: 12.5113)
        var settings = GeoSettings()
        (settings.city, settings.asn) = ("\(folder.path)/city.mmdb", "\(folder.path)/asn.mmdb")
        let loopback: [UInt8] = [127, 0, 0, 0]
        let files = [
            (settings.city, MaxMindFile.bytes([(loopback, 8, place)], type: "City")),
            (settings.asn, MaxMindFile.bytes([(loopback, 8, MaxMindFile.system(64_496, "Loop"))], type: "ASN")),
        ]
        for (path, bytes) in files { try Data(bytes).write(to: URL(fileURLWithPath: try #require(path))) }
        return settings
    }

    private static let from = "FROM relay_metadata_latest m JOIN nip66 o ON o.id = m.nip66_id"

    /// What a check stored under one name of `checks`.
    private static func stored(_ name: String, _ bench: MonitorBench) async throws -> [String: Any] {
        let text = try await bench.text("SELECT o.document -> 'checks' ->> '\(name)' \(from)")
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
    }

    @Test func `what is stored of a host is what is true of it`() async throws {
        let ca = try TestCertificates.writeAuthority()
        defer { unlink(ca) }
        let folder = try TemporaryFolder()
        let servers = try await FakeNameServer.start(Self.names)
        let relay = try await FakeRelay.start(tls: .valid)
        try await withMonitorBench { bench in
            try await bench.insert([relay.url.text])
            let geo = try Self.geo(folder)
            let monitor = bench.monitor {
                ($0.checks.dnsServers, $0.checks.geo) = ([servers.address], geo)
                ($0.checks.dnsTimeout, $0.checks.tlsTimeout) = (30, 30)
            } core: {
                $0.tls.caFile = ca
            }
            #expect(try await bench.cycle(monitor).success)
            #expect(try await bench.statuses() == ["online"])

            let dns = try await Self.stored("dns", bench)
            #expect(dns["success"] as? Bool == true && dns["reason"] == nil && dns["duration_ms"] is Int)
            #expect(dns["a"] as? [String] == ["127.0.0.1"] && dns["aaaa"] == nil)
            #expect(dns["cname"] as? [String] == ["relay.test"] && dns["ttl"] as? Int == 30)
            #expect(dns["ns"] as? [String] == ["ns1.relay.test", "ns2.relay.test"])
            #expect(dns["ptr"] as? [String] == ["host.relay.test"])

            let tls = try await Self.stored("tls", bench)
            #expect(tls["success"] as? Bool == true && tls["verified"] as? Bool == true && tls["reason"] == nil)
            #expect(tls["subject"] as? String == "CN=localhost" && tls["issuer"] as? String == "CN=BigBrotr test CA")
            #expect(tls["not_before"] as? Int == 1_577_836_800 && tls["not_after"] as? Int == 4_733_510_400)
            #expect(tls["names"] as? [String] == ["localhost", "relay.test", "127.0.0.1", "::1"])
            #expect(tls["version"] as? String == "TLSv1.3" && (tls["fingerprint"] as? String)?.count == 64)
            #expect((tls["chain"] as? [[String: Any]])?.count == 1 && tls["chain_count"] as? Int == 1)

            let place = try await Self.stored("geo", bench)
            #expect(place["success"] as? Bool == true && place["address"] as? String == "127.0.0.1")
            #expect(place["country"] as? String == "IT" && place["city"] as? String == "Rome")
            #expect(place["region"] as? String == "Lazio" && place["geohash"] as? String == "sr2ykdn")
            #expect(place["latitude"] as? Double == 41.8919 && place["longitude"] as? Double == 12.5113)
            let network = try await Self.stored("network", bench)
            #expect(network["asn"] as? Int == 64_496 && network["organisation"] as? String == "Loop")
        }
        await relay.stop()
        await servers.stop()
    }

    @Test(arguments: [
        (TestCertificates.expired, "certificate_expired"), (.notYetValid, "certificate_not_yet_valid"),
        (.otherHost, "hostname_mismatch"), (.selfSigned, "certificate_untrusted"),
    ])
    func `a certificate that does not verify is described all the same`(
        certificate: TestCertificates, reason: String
    ) async throws {
        let ca = try TestCertificates.writeAuthority()
        defer { unlink(ca) }
        let relay = try await FakeRelay.start(tls: certificate)
        try await withMonitorBench { bench in
            try await bench.insert([relay.url.text])
            let monitor = bench.monitor({ $0.checks.tlsTimeout = 30 }, core: { $0.tls.caFile = ca })
            #expect(try await bench.cycle(monitor).success)
            let tls = try await Self.stored("tls", bench)
            #expect(tls["success"] as? Bool == false && tls["verified"] as? Bool == false)
            #expect(tls["reason"] as? String == reason && (tls["detail"] as? String)?.isEmpty == false)
            #expect(tls["issuer"] is String && tls["not_after"] is Int && tls["names"] is [String])
            #expect(try await bench.text("SELECT nip66_error FROM relay_metadata_latest") == reason)
        }
        await relay.stop()
    }

    @Test func `plain relays at an address have neither TLS nor names, and no files mean no place`() async throws {
        let servers = try await FakeNameServer.start(Self.names)
        let relay = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert([relay.url.text])
            #expect(try await bench.cycle(bench.monitor { $0.checks.dnsServers = [servers.address] }).success)
            let keys = "SELECT string_agg(k, ' ' ORDER BY k) \(Self.from), jsonb_object_keys(o.document -> 'checks') k"
            #expect(try await bench.text(keys) == "open read")
        }
        #expect(servers.questions.isEmpty)
        await relay.stop()
        await servers.stop()
    }

    @Test func `name servers that are silent or talk nonsense cost their own time and nothing else`() async throws {
        for reply in [FakeNameServer.Reply.silent, .error(2), .error(3), .raw(Array(repeating: 0xC0, count: 400))] {
            let ca = try TestCertificates.writeAuthority()
            defer { unlink(ca) }
            let servers = try await FakeNameServer.start { _ in reply }
            let relay = try await FakeRelay.start(tls: .valid)
            try await withMonitorBench { bench in
                try await bench.insert([relay.url.text])
                let monitor = bench.monitor(
                    { ($0.checks.dnsServers, $0.checks.dnsTimeout) = ([servers.address], 0.5) },
                    core: { $0.tls.caFile = ca })
                #expect(try await bench.cycle(monitor).success)
                #expect(try await bench.statuses() == ["online"])
                let dns = try await Self.stored("dns", bench)
                let reasons = ["timeout", "server_failed", "name_not_found", "bad_answer"]
                #expect(dns["success"] as? Bool == false && reasons.contains(dns["reason"] as? String ?? ""), "\(dns)")
            }
            await relay.stop()
            await servers.stop()
        }
    }

    @Test func `an address that may not be contacted is asked nothing about, and contacted by nobody`() async throws {
        let servers = try await FakeNameServer.start { question in
            question.type == 1 ? .records([.address(question.name, [127, 0, 0, 1])]) : .records([])
        }
        let relay = try await FakeRelay.start(tls: .valid)
        var settings = CheckSettings()
        settings.dnsServers = [servers.address]
        let probes = try HostProbes(settings, networks: NetworksSettings(), tls: TLSSettings(), clock: Self.clock)
        let url = try RelayURL.parse("wss://relay.example:\(relay.port)")
        let open = OpenResult(duration: .zero, reason: "tls_handshake", step: "tls")
        let report = try await probes.run(url, open, at: ResolvedAddress(127, 0, 0, 1)) { _ in .seconds(30) }
        #expect(report.tls?.reason == "address_forbidden" && report.tls?.facts == nil)
        #expect(report.dns?.addresses == [ResolvedAddress(127, 0, 0, 1)])
        #expect(Set(servers.questions.map(\.type)) == [1, 2, 28], "no name is asked for")
        #expect(relay.connectionCount == 0)
        await relay.stop()
        await servers.stop()
    }

    @Test func `behind a proxy nothing is asked that would go round it`() async throws {
        let servers = try await FakeNameServer.start(Self.names)
        var settings = CheckSettings()
        settings.dnsServers = [servers.address]
        var networks = NetworksSettings()
        networks.clearnet.proxy = "socks5://127.0.0.1:\(try FreePort.find())"
        let probes = try HostProbes(settings, networks: networks, tls: TLSSettings(), clock: Self.clock)
        let open = OpenResult(duration: .zero, reason: "proxy_refused", step: "proxy")
        let onion = "ws://2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
        for text in ["wss://relay.example", onion] {
            let report = try await probes.run(RelayURL.parse(text), open, at: nil) { _ in .seconds(30) }
            #expect(report == HostReport())
        }
        #expect(servers.questions.isEmpty)
        await servers.stop()
    }

    @Test func `a file of addresses that cannot be read fails the cycle and names the file`() async throws {
        try await withMonitorBench { bench in
            let monitor = bench.monitor { $0.checks.geo.city = "/nowhere/city.mmdb" }
            let outcome = await monitor.cycle(1)
            #expect(outcome?.success == false && outcome?.message.hasPrefix("/nowhere/city.mmdb: ") == true)
            #expect(outcome?.errors == ["geo_file_error"])
        }
    }

    @Test func `what the web server says of itself is kept, and whether pages elsewhere may read it`() async throws {
        for (origin, cors) in [("*", true), ("https://example.com", true), ("https://a.test", false)] {
            let fields = [
                "Server: nginx/1.2", "Via: 1.1 x", "X-Powered-By: y", "Set-Cookie: s",
                "Access-Control-Allow-Origin: \(origin)",
            ]
            let server = try await FakeHTTPServer.start { request in
                request.headers["accept"] == "application/nostr+json" ? .text("{}", fields) : .answer(400)
            }
            try await withMonitorBench { bench in
                try await bench.insert(["ws://127.0.0.1:\(server.port)"])
                let monitor = bench.monitor({ $0.checks.nip11Timeout = 30 }, makeFetcher: MonitorPartsMaker.overHTTP)
                #expect(try await bench.cycle(monitor).success)
                let http = try await Self.stored("http", bench)
                #expect(http["success"] as? Bool == true && http["status"] as? Int == 200)
                #expect(http["cors"] as? Bool == cors)
                let headers = ["server": "nginx/1.2", "via": "1.1 x", "x-powered-by": "y"]
                #expect(http["headers"] as? [String: String] == headers)
            }
            #expect(server.requests.last?.headers["origin"] == "https://example.com")
            await server.stop()
        }
    }
}
