import Net
import Nostr
import Settings
import Support
import Testing

@testable import RelayClient

@Suite struct RelayDialerTests {
    private func error(_ body: () async throws -> Void) async -> RelayError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? RelayError
        }
    }

    @Test(arguments: [
        "ws://2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion",
        "ws://nerzfuioqcyy4brvkbxlzdpmhwvv7dtkwdpm4ctzdzlbtcchhd3q.b32.i2p",
        "ws://55fxrybf3jtausbnmxpgwcsz9t8qkf5pr8t5f4xyto4omjrkorpy.loki",
    ])
    func `an overlay host without a proxy is refused`(text: String) async throws {
        let url = try RelayURL.parse(text)
        try #require(url.network != .clearnet)
        let error = await error { _ = try await RelayFixture.dialer().connect(url) }
        #expect(error?.kind == "no_proxy")
        #expect(error?.disposition == .skip)
    }

    @Test func `a local address is refused unless it is allowed`() async throws {
        let relay = try await FakeRelay.start()
        let client = try WebSocketClient()
        let error = await error { _ = try await RelayDialer(webSocket: client).connect(relay.url) }
        #expect(error == .net(NetError(.addressForbidden, .resolve, "loopback")))
        #expect(relay.connectionCount == 0)
        await relay.stop()
    }

    @Test func `too many requests say when to come again`() async throws {
        var behaviour = FakeRelayBehaviour()
        behaviour.upgradeStatus = 429
        behaviour.upgradeHeaders = [("Retry-After", "120")]
        let relay = try await FakeRelay.start(behaviour: behaviour)
        let error = await error { _ = try await RelayFixture.connect(relay) }
        #expect(error?.kind == "rate_limited")
        #expect(error?.step == "upgrade")
        #expect(error?.disposition == .retry(after: .seconds(120)))
        await relay.stop()
    }

    @Test func `an AUTH challenge in the segment of the 101 is not lost`() async throws {
        var behaviour = FakeRelayBehaviour()
        behaviour.challenge = "who is there"
        let relay = try await FakeRelay.start(behaviour: behaviour)
        for _ in 0..<20 {
            let connection = try await RelayFixture.connect(relay)
            let page = try await connection.subscribe([Filter()])
            #expect(try await Received(page).end == .eose(hint: nil))
            #expect(await connection.statistics().challengeCount == 1)
            await connection.close()
        }
        await relay.stop()
    }

    @Test func `a subscription on a closed connection says why`() async throws {
        let relay = try await FakeRelay.start()
        let connection = try await RelayFixture.connect(relay)
        await connection.close()
        let error = await error { _ = try await connection.subscribe([Filter()]) }
        #expect(error == .closedByUs)
        #expect(await connection.ending() == .closedByUs)
        await relay.stop()
    }

    @Test func `subscriptions have a limit and free their place`() async throws {
        let relay = try await FakeRelay.start(behaviour: .init(.neverEOSE))
        var limits = RelayLimits()
        limits.maxSubscriptions = 2
        let connection = try await RelayFixture.connect(relay, limits: limits)
        let first = try await connection.subscribe([Filter()])
        let second = try await connection.subscribe([Filter()])
        #expect(await error { _ = try await connection.subscribe([Filter()]) } == .tooManySubscriptions)
        await first.close()
        _ = try await connection.subscribe([Filter()])
        await second.close()
        await connection.close()
        await relay.stop()
    }

    @Test(arguments: [(8, 600), (16, 512), (64, 4_096)])
    func `levels of a message and the text that is kept are those of the settings`(depth: Int, kept: Int) async throws {
        let nested = { (levels: Int) in
            "[\"EOSE\",\"other\",1," + String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels)
        }
        let notice = "[\"NOTICE\",\"\(String(repeating: "x", count: 5_000))\"]"
        let relay = try await FakeRelay.start(
            behaviour: .init(.preceded(by: [nested(depth), nested(depth + 1), notice])))
        var networks = NetworksSettings()
        networks.local.enabled = true
        var limits = LimitsSettings()
        (limits.jsonDepth, limits.textBytes) = (depth, try #require(ByteCount(kept)))
        let connection = try await RelayDialer(networks: networks, limits: limits)
            .connect(relay.url, timeout: .seconds(60))
        #expect(try await Received(connection.subscribe([Filter()])).end == .eose(hint: nil))
        let statistics = await connection.statistics()
        #expect(statistics.badMessages == 1 && statistics.strayEnds == 1)
        #expect(statistics.notices.map(\.utf8.count) == [kept])
        await connection.close()
        await relay.stop()
    }

    @Test func `TLS works end to end with a private authority`() async throws {
        let relay = try await FakeRelay.start(events: RelayFixture.events(40), tls: .valid)
        let file = try TestCertificates.writeAuthority()
        let connection = try await RelayFixture.dialer(tls: TLSSettings(caFile: file)).connect(
            relay.url, timeout: .seconds(60))
        #expect(try await Received(connection.subscribe([Filter()])).texts.count == 40)
        await connection.close()
        await relay.stop()
    }
}
