import Crypto
import Net
import Nostr
import RelayClient
import Settings
import Testing

@testable import Monitor

/// What is said of a relay and of ourselves, tag by tag (NIP-66).
@Suite struct DiscoveryEventTests {
    private func report(
        _ nip11: String? = nil, _ change: (inout CheckReport) -> Void = { _ in }
    ) throws -> CheckReport {
        var report = CheckReport(
            open: OpenResult(duration: .milliseconds(12)),
            read: ReadResult(duration: .milliseconds(40), roundTrip: .milliseconds(7), end: .eose(hint: nil)))
        if let nip11 {
            report.nip11 = NIP11Result(duration: .zero, document: try NIP11Document(Array(nip11.utf8)), status: 200)
        }
        change(&report)
        return report
    }

    private func event(
        _ report: CheckReport, of url: String = "wss://relay.example", most: Int = 1000
    ) throws -> DiscoveryEvent {
        DiscoveryEvent(url: try RelayURL.parse(url), report: report, mostContent: most)
    }

    @Test(arguments: [
        ("wss://relay.example", "wss://relay.example/"), ("wss://relay.example/", "wss://relay.example/"),
        ("ws://Relay.Example:81", "ws://relay.example:81/"), ("wss://relay.example/a", "wss://relay.example/a"),
        ("wss://relay.example/a/", "wss://relay.example/a/"), ("wss://relay.example?x=1", "wss://relay.example/?x=1"),
        ("wss://relay.example/?x=1", "wss://relay.example/?x=1"),
    ])
    func `the identifier has a path, as RFC 3986 has it`(url: String, identifier: String) throws {
        #expect(try DiscoveryEvent.identifier(RelayURL.parse(url)) == identifier)
    }

    @Test func `every tag is the spec's, one value each`() throws {
        let text = """
            {"name":"x","supported_nips":[1,11,77],"limitation":{"auth_required":false,"payment_required":true,
             "restricted_writes":false,"min_pow_difficulty":0},"tags":["cats","cats","dogs"],
             "language_tags":["EN","de-DE"],"relay_countries":["de"],
             "retention":[{"kinds":[4,[5,7]],"time":0},{"kinds":[1],"time":60},{"kinds":[9],"count":0}]}
            """
        let found = try event(report(text))
        #expect(
            found.tags == [
                ["d", "wss://relay.example/"], ["n", "clearnet"], ["N", "1"], ["N", "11"], ["N", "77"],
                ["R", "!auth"], ["R", "!writes"], ["R", "!pow"], ["R", "payment"], ["t", "cats"], ["t", "dogs"],
                ["k", "!4"], ["k", "!9"], ["L", "ISO-639-1"], ["L", "ISO-3166-1"], ["l", "en", "ISO-639-1"],
                ["l", "DE", "ISO-3166-1"], ["rtt-open", "12"], ["rtt-read", "7"],
            ])
        #expect(found.content == text)
        #expect(try event(report(text), most: text.utf8.count - 1).content.isEmpty)
    }

    @Test func `where a relay was found to be wins over where it says it is`() throws {
        var found = try event(report(#"{"relay_countries":["FR","DE"]}"#))
        var host = HostReport()
        var place = GeoPlace()
        place.country = "GB"
        var network = GeoNetwork()
        (network.number, network.organisation) = (1_221, "Telstra")
        let address = try #require(ResolvedAddress(literal: "81.2.69.160"))
        host.geo = GeoResult(duration: .zero, address: address, place: place)
        host.network = NetworkResult(duration: .zero, address: address, network: network)
        found.labels = host.labels
        #expect(
            found.tags.filter { $0[0].lowercased() == "l" } == [
                ["L", "ISO-3166-1"], ["L", "host.as"], ["L", "host.isp"], ["l", "GB", "ISO-3166-1"],
                ["l", "AS1221", "host.as"], ["l", "Telstra", "host.isp"],
            ])
    }

    @Test func `what nobody knows is left out`() throws {
        let bare = try report {
            $0.read?.end = .timedOut(.silent)
            $0.read?.roundTrip = nil
        }
        #expect(try event(bare).tags == [["d", "wss://relay.example/"], ["n", "clearnet"], ["rtt-open", "12"]])
        #expect(try event(bare, of: "ws://127.0.0.1:7").tags == [["d", "ws://127.0.0.1:7/"], ["rtt-open", "12"]])
        let onion = "ws://2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
        #expect(try event(bare, of: onion).tags[1] == ["n", "tor"])
    }

    @Test func `what was measured wins over what the relay says`() throws {
        func requirements(_ claims: String, _ change: (inout CheckReport) -> Void) throws -> [String] {
            RelayRequirements(try report("{\"limitation\":{\(claims)}}", change)).values
        }
        func write(_ end: PublicationEnd) -> WriteResult {
            WriteResult(duration: .zero, end: end, answeredAfter: .milliseconds(5))
        }
        #expect(
            try requirements("\"auth_required\":false") {
                $0.read?.end = .closed(prefix: .authRequired, message: "")
            } == ["auth"])
        #expect(try requirements("\"auth_required\":true") { _ in } == ["auth"])
        #expect(try requirements("") { _ in } == ["!auth"])
        #expect(
            try requirements("\"restricted_writes\":true,\"min_pow_difficulty\":9") {
                $0.write = write(.accepted(message: ""))
            } == ["!auth", "!writes", "!pow"])
        #expect(
            try requirements("\"restricted_writes\":false") {
                $0.write = write(.refused(prefix: .blocked, message: "blocked: no"))
            } == ["!auth", "writes"])
        #expect(
            try requirements("") { $0.write = write(.refused(prefix: .pow, message: "pow: 20")) } == ["!auth", "pow"])
        #expect(
            try requirements("") { $0.write = write(.refused(prefix: .authRequired, message: "")) } == ["auth"])
    }

    @Test func `a document that is broken, or no text, is not passed on`() throws {
        #expect(try event(report("{\"name\":")).content.isEmpty)
        let bytes = Array("{\"name\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8)
        var broken = try report()
        broken.nip11 = NIP11Result(duration: .zero, document: try NIP11Document(bytes), status: 200)
        #expect(try event(broken).content.isEmpty)
        #expect(try event(report("{}")).content == "{}")
    }

    @Test func `lists without end have one`() throws {
        let tags = (0..<5000).map { "\"t\($0)\"" }.joined(separator: ",")
        let nips = (0..<900).map(String.init).joined(separator: ",")
        let event = try event(report("{\"tags\":[\(tags)],\"supported_nips\":[\(nips)]}"))
        #expect(event.tags.count { $0[0] == "t" } == 100 && event.tags.count { $0[0] == "N" } == 100)
    }

    @Test func `a round trip is no change, anything else is`() throws {
        let rules = PublicationRules(
            author: .zero, publishing: settings(["wss://to.example", "ws://127.0.0.1:9"]), checks: CheckSettings(),
            openTimeout: .seconds(10))
        let url = try RelayURL.parse("wss://relay.example")
        let first = try #require(rules.event(for: url, report("{}")))
        let second = try #require(rules.event(for: url, report("{}") { $0.read?.roundTrip = .seconds(3) }))
        let third = try #require(rules.event(for: url, report("{\"name\":\"y\"}")))
        #expect(first.digest == second.digest && first.tags != second.tags && first.digest != third.digest)
        #expect(first.kind == 30_166 && first.identifier == "wss://relay.example/" && first.targets.count == 2)
        #expect(first.refresh == .seconds(10_800 - 3780))
        // Nobody is told of what only means something here, and nothing is said of what is not there.
        let local = try #require(rules.event(for: RelayURL.parse("ws://127.0.0.1:7"), report()))
        #expect(local.targets.map(\.text) == ["ws://127.0.0.1:9"])
        #expect(try rules.event(for: url, report { $0.open.reason = "timeout" }) == nil)
    }

    @Test func `the Monitor says what it does, how often and where`() throws {
        var settings = settings(["wss://to.example", "ws://127.0.0.1:9", "wss://to.example/"])
        settings.geohash = "u33"
        var checks = CheckSettings()
        var announcement = MonitorAnnouncement(publishing: settings, checks: checks, openTimeout: .seconds(3))
        let said = announcement.statements
        #expect(said.map(\.kind) == [10_166, 0, 10_002])
        #expect(
            said[0].tags == [
                ["frequency", "10800"], ["timeout", "3000", "open"], ["timeout", "10000", "read"],
                ["timeout", "10000", "nip11"], ["timeout", "5000", "dns"], ["timeout", "10000", "ssl"], ["c", "open"],
                ["c", "read"], ["c", "nip11"], ["c", "dns"], ["c", "ssl"], ["g", "u33"],
            ])
        #expect(
            said[1].content == "{\"name\":\"BigBrotr Monitor\","
                + "\"about\":\"Checks relays and publishes what they answered (NIP-66).\",\"bot\":true}")
        #expect(said[2].tags == [["r", "wss://to.example", "write"]])
        (checks.write.enabled, checks.geo.asn) = (true, "asn.mmdb")
        (settings.name, settings.relayList, settings.period) = ("", false, 60)
        announcement = MonitorAnnouncement(publishing: settings, checks: checks, openTimeout: .seconds(3))
        #expect(announcement.statements.count == 1)
        #expect(announcement.statements[0].tags.first == ["frequency", "3600"])
        for check in ["write", "geo"] { #expect(announcement.statements[0].tags.contains(["c", check])) }
    }

    private func settings(_ relays: [String]) -> PublishingSettings {
        var settings = PublishingSettings()
        (settings.enabled, settings.relays) = (true, relays)
        return settings
    }
}
