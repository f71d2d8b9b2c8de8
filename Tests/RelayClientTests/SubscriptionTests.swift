import Net
import Nostr
import Support
import Testing

@testable import RelayClient

/// What a subscription makes of each behaviour of a relay.
@Suite struct SubscriptionTests {
    private func page(
        _ behaviour: FakeRelayBehaviour, events: Int = 0, limits: SubscriptionLimits = .init(),
        relayLimits: RelayLimits = .init()
    ) async throws -> (received: Received, statistics: RelayStatistics, relay: FakeRelay) {
        let relay = try await FakeRelay.start(events: RelayFixture.events(events), behaviour: behaviour)
        let connection = try await RelayFixture.connect(relay, limits: relayLimits)
        let received = try await Received(connection.subscribe([Filter()], limits: limits))
        let statistics = await connection.statistics()
        await connection.close()
        await relay.stop()
        return (received, statistics, relay)
    }

    private func limits(_ change: (inout SubscriptionLimits) -> Void) -> SubscriptionLimits {
        var limits = SubscriptionLimits()
        change(&limits)
        return limits
    }

    @Test func `all events come, byte for byte, in the relay's order`() async throws {
        var behaviour = FakeRelayBehaviour()
        behaviour.cap = 3_000
        let (received, statistics, relay) = try await page(behaviour, events: 2_500)
        #expect(received.end == .eose(hint: nil))
        #expect(received.texts == relay.requests[0].sent.map(\.json))
        #expect(received.texts.count == 2_500)
        #expect(statistics.events == 2_500)
        await relay.waitForClosed(1)
    }

    @Test func `stored events behind their EOSE are counted`() async throws {
        var behaviour = FakeRelayBehaviour()
        (behaviour.endsBeforeEvents, behaviour.eoseCopies) = (true, 0)
        let (newest, oldest) = (UnixTime(seconds: 2_000_000_000), UnixTime(seconds: 1))
        for (until, stored, early) in [(newest, 5, 1), (newest, 2, 0), (oldest, 5, 0), (nil, 5, 0)] {
            let relay = try await FakeRelay.start(events: RelayFixture.events(stored), behaviour: behaviour)
            let connection = try await RelayFixture.connect(relay)
            let received = try await Received(
                connection.subscribe([Filter()], limits: limits { $0.storedUntil = until }))
            #expect(received.end == .eose(hint: nil) && received.texts.isEmpty)
            try await eventually("they have come") { await connection.statistics().lateEvents == stored }
            #expect(await connection.statistics().earlyEnds == early)
            await connection.close()
            await relay.stop()
        }
    }

    @Test func `the hint comes with the end`() async throws {
        var behaviour = FakeRelayBehaviour()
        behaviour.sendsHint = true
        #expect(try await page(behaviour, events: 5).received.end == .eose(hint: .finish))
        behaviour.cap = 3
        #expect(try await page(behaviour, events: 5).received.end == .eose(hint: .more))
    }

    @Test func `CLOSED carries prefix and message`() async throws {
        let (received, _, _) = try await page(.init(.closed("auth-required: who are you")), events: 2)
        #expect(received.end == .closed(prefix: .authRequired, message: "auth-required: who are you"))
        #expect(received.texts.isEmpty)
    }

    @Test func `a silent relay times out silent`() async throws {
        let limits = limits { $0.progressTimeout = .milliseconds(50) }
        let (received, _, relay) = try await page(.init(.silent), events: 3, limits: limits)
        #expect(received.end == .timedOut(.silent))
        await relay.waitForClosed(1)
    }

    @Test func `a relay without EOSE stalls, and its events are kept`() async throws {
        let limits = limits { $0.progressTimeout = .seconds(4) }
        let (received, _, _) = try await page(.init(.neverEOSE), events: 3, limits: limits)
        #expect(received.end == .timedOut(.stalled))
        #expect(received.texts.count == 3)
    }

    @Test func `a drip is no progress`() async throws {
        let limits = limits { $0.progressTimeout = .seconds(2) }
        let (received, statistics, _) = try await page(
            .init(.drip(every: .milliseconds(20))), events: 3, limits: limits)
        #expect(received.end == .timedOut(.silent))
        #expect(statistics.bytesReceived > 0)
    }

    @Test func `events below the rate are too slow`() async throws {
        let limits = limits {
            $0.rateWindow = .milliseconds(100)
            $0.minimumBytes = 1_000_000
        }
        #expect(try await page(.init(.neverEOSE), events: 3, limits: limits).received.end == .timedOut(.tooSlow))
    }

    @Test func `a lost connection is broken, and its events are kept`() async throws {
        let (received, _, _) = try await page(.init(.disconnect(afterEvents: 2)), events: 5)
        guard case .broken(.net(let error)) = received.end else { return #expect(Bool(false), "\(received)") }
        #expect(error.kind == .connectionLost)
        #expect(received.texts.count == 2)
    }

    @Test func `endless events end at the budget, and the relay is told`() async throws {
        let limits = limits { $0.maxEvents = 700 }
        let (received, _, relay) = try await page(.init(.endless), events: 3, limits: limits)
        #expect(received.end == .overBudget)
        #expect(received.texts.count == 700)
        await relay.waitForClosed(1)
    }

    @Test func `a relay that goes on after CLOSE is hung up on`() async throws {
        let relay = try await FakeRelay.start(events: RelayFixture.events(3), behaviour: .init(.silent))
        var relayLimits = RelayLimits()
        relayLimits.maxLateBytes = 100_000
        let connection = try await RelayFixture.connect(relay, limits: relayLimits)
        let other = try await connection.subscribe([Filter()])
        await relay.waitForRequests(1)
        relay.behaviour = .init(.endless)
        let page = try await connection.subscribe([Filter()], limits: limits { $0.maxEvents = 10 })
        #expect(try await Received(page).end == .overBudget)
        #expect(try await Received(other).end == .broken(.abuse("messages after CLOSE")))
        await relay.stop()
    }

    @Test func `events of other ids are counted and kept out`() async throws {
        var behaviour = FakeRelayBehaviour()
        behaviour.changesSubscriptionID = true
        let relay = try await FakeRelay.start(events: RelayFixture.events(20), behaviour: behaviour)
        let connection = try await RelayFixture.connect(relay)
        let subscription = try await connection.subscribe([Filter()])
        var statistics = await connection.statistics()
        while statistics.strayEnds == 0 { statistics = await connection.statistics() }
        #expect(statistics.foreignEvents == 20)
        #expect(statistics.events == 0)
        await subscription.close()
        #expect(try await Received(subscription).texts.isEmpty)
        await relay.stop()
    }

    @Test func `too many events of other ids end the connection`() async throws {
        var behaviour = FakeRelayBehaviour()
        behaviour.changesSubscriptionID = true
        var few = RelayLimits()
        few.maxForeignEvents = 19
        #expect(
            try await page(behaviour, events: 20, relayLimits: few).received.end
                == .broken(.abuse("events of other subscriptions")))
    }

    @Test func `the second EOSE is counted`() async throws {
        var behaviour = FakeRelayBehaviour()
        behaviour.eoseCopies = 3
        let (received, statistics, _) = try await page(behaviour, events: 2)
        #expect(received.end == .eose(hint: nil))
        #expect(statistics.strayEnds == 2)
    }

    @Test func `a flood of NOTICEs ends the connection`() async throws {
        #expect(try await page(.init(.notices(101)), events: 2).received.end == .broken(.noticeFlood))
        let (received, statistics, _) = try await page(.init(.notices(100)), events: 2)
        #expect(received.end == .eose(hint: nil))
        #expect(statistics.noticeCount == 100)
        #expect(statistics.notices.count == 16)
        #expect(statistics.notices.last == "notice 99")
    }

    @Test(arguments: [
        #"["EOSE","nobody"]"#, #"["AUTH","x"]"#, #"["OK","\#(String(repeating: "0", count: 64))",true,""]"#,
    ])
    func `a flood of messages that answer nothing ends the connection`(message: String) async throws {
        // On a busy machine some thousand take longer than the time in which they are too many.
        let flood = [String](repeating: message, count: 20_000)
        guard case .broken(.abuse) = try await page(.init(.preceded(by: flood)), events: 2).received.end else {
            return #expect(Bool(false))
        }
        let few = [String](repeating: message, count: 5_000)
        #expect(try await page(.init(.preceded(by: few)), events: 2).received.end == .eose(hint: nil))
    }

    @Test func `garbage is counted and then ends the connection`() async throws {
        let (received, statistics, _) = try await page(.init(.garbage(100)), events: 2)
        #expect(received.end == .eose(hint: nil))
        #expect(statistics.badMessages == 100)
        guard case .broken(.abuse) = try await page(.init(.garbage(101))).received.end else {
            return #expect(Bool(false))
        }
    }

    @Test func `an announced frame over the limit ends the connection at once`() async throws {
        let (received, _, _) = try await page(.init(.oversized(1 << 30)))
        guard case .broken(.net(let error)) = received.end else { return #expect(Bool(false), "\(received)") }
        #expect(error.kind == .messageTooLarge)
    }

    @Test func `a reserved opcode is a protocol violation`() async throws {
        let (received, _, _) = try await page(.init(.raw([0x83, 0])))
        guard case .broken(.net(let error)) = received.end else { return #expect(Bool(false), "\(received)") }
        #expect(error.kind == .protocolViolation)
    }

    @Test func `a kept subscription brings what is published later`() async throws {
        let events = RelayFixture.events(12)
        let relay = try await FakeRelay.start(events: Array(events.prefix(10)))
        let connection = try await RelayFixture.connect(relay)
        let tail = try await connection.subscribe([Filter()], limits: limits { $0.keepsOpen = true })
        var stored = 0
        loop: while true {
            switch try await tail.next() {
            case .events(let chunk): stored += chunk.ranges.count
            case .caughtUp: break loop
            case .end(let end): return #expect(Bool(false), "\(end)")
            }
        }
        #expect(stored == 10)
        for event in events.suffix(2) {
            relay.publish(event)
            #expect(try await tail.next() == .events(EventChunk(bytes: event.json, ranges: [0..<event.json.count])))
        }
        await tail.close()
        #expect(try await tail.next() == .end(.cancelled))
        await relay.waitForClosed(1)
        await relay.stop()
    }

    @Test func `the socket is not read while events wait`() async throws {
        let relay = try await FakeRelay.start(events: RelayFixture.events(50), behaviour: .init(.endless))
        let connection = try await RelayFixture.connect(relay)
        let limits = limits {
            $0.bufferedBytes = 300_000
            $0.maxEvents = 40_000
            $0.maxBytes = 1 << 30
        }
        let subscription = try await connection.subscribe([Filter()], limits: limits)
        var statistics = await connection.statistics()
        while !statistics.isPaused { statistics = await connection.statistics() }
        #expect(statistics.bytesReceived > 300_000)
        #expect(statistics.bytesReceived < 300_000 + (600 << 10))
        #expect(try await Received(subscription).end == .overBudget)
        await relay.stop()
    }

    @Test func `a dropped subscription is closed`() async throws {
        let relay = try await FakeRelay.start(behaviour: .init(.neverEOSE))
        let connection = try await RelayFixture.connect(relay)
        _ = try await connection.subscribe([Filter()])
        await relay.waitForClosed(1)
        await connection.close()
        await relay.stop()
    }

    @Test func `a dropped connection is closed`() async throws {
        let relay = try await FakeRelay.start()
        _ = try await RelayFixture.connect(relay)
        await relay.waitForNoConnections()
        await relay.stop()
    }
}
