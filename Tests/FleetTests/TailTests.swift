import Crypto
import Foundation
import Glibc
import Nostr
import Support
import Testing

/// Relays that are followed: what they take in is in the tables at once, whatever else goes on.
@Suite(.serialized, .timeLimit(.minutes(20))) struct TailTests {
    private var file: SynchronizerFile {
        var file = SynchronizerFile()
        file.follows = true
        return file
    }

    /// Made now, so that it is new to any reading of history.
    private func factory(_ seed: UInt64) -> EventFactory {
        EventFactory(seed: seed, createdAt: Int64(Date().timeIntervalSince1970))
    }

    /// Publishes the events one after the other and gives the times until each was stored.
    private func delays(
        of events: [SampleEvent], on relay: FakeRelay, _ fleet: Fleet, _ processes: [ServiceProcess]
    ) async throws -> [Duration] {
        let clock = ContinuousClock()
        var delays: [Duration] = []
        for event in events {
            let start = clock.now
            relay.publish(event)
            try await eventually(
                "event \(delays.count) is stored", within: .seconds(30),
                found: { processes.map(\.everything).joined(separator: "\n") }
            ) {
                try await fleet.holds(event)
            }
            delays.append(clock.now - start)
        }
        return delays
    }

    private func waitUntilFollowed(_ relay: FakeRelay, _ process: ServiceProcess) async throws {
        try await eventually("\(relay.url) is followed", within: .seconds(60), found: { process.everything }) {
            relay.isFollowed
        }
    }

    @Test(arguments: [FleetService.synchronizer, .prioritySynchronizer])
    func `what is published to a followed relay is stored long before it would be read, backdated or not`(
        _ service: FleetService
    ) async throws {
        var old = EventFactory(seed: 91)
        let relay = try await FakeRelay.start(events: old.events(200))
        let folder = try TemporaryFolder()
        try await withFleet(as: [service]) { fleet in
            let list = try folder.write("\(relay.url.text)\n", to: "priority.txt")
            if service == .synchronizer { try await fleet.add([relay.url.text]) }
            let relays = service == .synchronizer ? "" : "relays:\n  path: \(list)\n"
            let process = try fleet.start(service, own: relays + file.text)
            try await waitUntilFollowed(relay, process)
            try await eventually("history is read") { try await fleet.eventCount() >= 200 }
            var new = factory(92)
            let all = (new.events(30) + old.events(10)).shuffled()
            let delays = try await delays(of: all, on: relay, fleet, [process]).sorted()
            // Polled they would come after an hour; how fresh they are is measured by the benchmarks.
            #expect(delays[delays.count / 2] < .seconds(60), "\(delays)")
            #expect(relay.connectionCount == 1)
            let before = ContinuousClock.now
            #expect(try await process.terminate() == 0, "\(process.everything)")
            #expect(ContinuousClock.now - before < .seconds(60), "followers make no end slow")
            #expect(try await fleet.number("SELECT count(owner) FROM relay_sync") == 0)
        }
        await relay.stop()
    }

    @Test func `one that follows gives way to a relay that is due, and loses nothing by it`() async throws {
        var factory = factory(93)
        let relays = [
            try await FakeRelay.start(events: factory.events(20)),
            try await FakeRelay.start(events: factory.events(20)),
        ]
        try await withFleet { fleet in
            try await fleet.add(relays.map(\.url.text))
            let core = "networks:\n  local:\n    enabled: true\n    max_connections: 1\n"
            var file = file
            file.revisit = 1
            let process = try fleet.start(own: file.text, core: core)
            for round in 1...3 {
                for relay in relays { relay.publish(factory.events(1)[0]) }
                try await eventually("round \(round) is stored", found: { process.everything }) {
                    try await fleet.eventCount() == 40 + 2 * round
                }
            }
            #expect(relays.allSatisfy { $0.mostConnections == 1 && $0.connectionCount > 1 })
            #expect(try await process.terminate() == 0)
        }
        for relay in relays { await relay.stop() }
    }

    @Test func `a flood of junk ends the subscription and makes no other relay late`() async throws {
        var factory = factory(94)
        let (hostile, good) = (
            try await FakeRelay.start(events: factory.events(20)), try await FakeRelay.start(events: factory.events(20))
        )
        try await withFleet { fleet in
            try await fleet.add([hostile.url.text, good.url.text])
            let process = try fleet.start(own: file.text)
            for relay in [hostile, good] { try await waitUntilFollowed(relay, process) }
            for _ in 0..<3_000 { hostile.publish(factory.events(1)[0].withBrokenSignature) }
            let delays = try await delays(of: factory.events(20), on: good, fleet, [process]).sorted()
            #expect(delays[delays.count / 2] < .seconds(60), "\(delays)")
            try await eventually("it is followed no longer, and why is told", found: { process.everything }) {
                !hostile.isFollowed
                    && process.log("relay_not_followed").contains { $0["reason"] as? String == "rejected" }
            }
            try await fleet.expectConsistent()
            #expect(try await process.terminate() == 0)
        }
        await hostile.stop()
        await good.stop()
    }

    @Test func `a relay whose follower was killed is followed by another`() async throws {
        var factory = factory(95)
        let relay = try await FakeRelay.start(events: factory.events(20))
        try await withFleet { fleet in
            try await fleet.add([relay.url.text])
            var file = file
            file.leaseTTL = 2
            let first = try fleet.start(own: file.text)
            try await waitUntilFollowed(relay, first)
            _ = try await delays(of: factory.events(3), on: relay, fleet, [first])
            first.send(signal: SIGKILL)
            _ = try await first.exit(within: .seconds(20))
            await relay.waitForNoConnections()
            let second = try fleet.start(own: file.text)
            // Nobody listens: it is found by what the next visit reads.
            let delays = try await delays(of: factory.events(5), on: relay, fleet, [second])
            #expect(delays.dropFirst().allSatisfy { $0 < .seconds(120) })
            try await waitUntilFollowed(relay, second)
            #expect(relay.mostConnections == 1)
            #expect(try await fleet.eventCount() == 28)
            #expect(try await second.terminate() == 0)
        }
        await relay.stop()
    }
}

extension FakeRelay {
    /// Somebody has a subscription open that asks for no interval.
    var isFollowed: Bool {
        guard openConnections > 0 else { return false }
        return requests.contains { request in
            let filter = request.filters.first
            let asksForAll = filter?.limit == 1 && filter?.since == nil && filter?.until == nil
            return asksForAll && !request.isClosed && request.connection == connectionCount
        }
    }
}

extension Fleet {
    func holds(_ event: SampleEvent) async throws -> Bool {
        try await number("SELECT count(*) FROM events WHERE event_id = '\\x\(event.id.hex)'") == 1
    }
}
