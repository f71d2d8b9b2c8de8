import Crypto
import Foundation
import Nostr
import Support
import Testing

/// Relays that are followed and go wrong afterwards, when no page is under way whose time could run out.
@Suite(.timeLimit(.minutes(10))) struct HostileTailTests {
    /// What comes on the open connection, and under which word that is counted.
    private struct Flood {
        let name: String
        var texts: [String] = []
        var pings = 0
        var reason: String?
    }

    private static let floods = [
        Flood(name: "22 NOTICEs", texts: .init(repeating: #"["NOTICE","hello"]"#, count: 200), reason: "notice"),
        Flood(name: "23c challenges", texts: .init(repeating: #"["AUTH","who"]"#, count: 6_000), reason: "challenge"),
        Flood(name: "17b EOSE", texts: .init(repeating: #"["EOSE","nobody"]"#, count: 6_000), reason: "stray_end"),
        Flood(name: "7c no JSON", texts: .init(repeating: "nothing", count: 200), reason: "bad_message"),
        Flood(
            name: "16b events of others", texts: .init(repeating: #"["EVENT","nobody",{"id":"1"}]"#, count: 1_100),
            reason: "foreign_event"),
        Flood(name: "37b pings", pings: 20_000),
    ]

    private func factory(_ seed: UInt64) -> EventFactory {
        EventFactory(seed: seed, createdAt: Int64(Date().timeIntervalSince1970))
    }

    @Test func `a followed relay that floods is hung up on, and followed again`() async throws {
        var factory = factory(1_200)
        let old = (0...Self.floods.count).map { _ in factory.events(20) }
        var relays: [FakeRelay] = []
        for events in old { relays.append(try await FakeRelay.start(events: events)) }
        try await withFleet { fleet in
            try await fleet.add(relays.map(\.url.text))
            var file = SynchronizerFile(revisit: 2, retry: 0.3, retryCeiling: 2)
            file.follows = true
            let process = try fleet.start(own: file.text)
            for relay in relays { try await fleet.waitUntilFollowed(relay, process) }
            for (relay, flood) in zip(relays, Self.floods) {
                relay.send(flood.texts)
                relay.send(bytes: [0x89, 0], times: flood.pings)
            }
            for (relay, flood) in zip(relays, Self.floods) {
                try await eventually("\(flood.name): it is dialled again", found: { process.everything }) {
                    relay.connectionCount > 1
                }
                try await fleet.waitUntilFollowed(relay, process)
            }
            let new = factory.events(relays.count)
            for (relay, event) in zip(relays, new) { relay.publish(event) }
            try await eventually("what comes then is stored", found: { process.everything }) {
                try await fleet.eventCount() == relays.count * 21
            }
            #expect(try await process.terminate() == 0, "\(process.everything)")
            for (relay, flood) in zip(relays, Self.floods) {
                let reasons = process.log("relay_visited").filter { $0["relay"] as? String == relay.url.text }
                    .compactMap { $0["reasons"] as? [String: Int] }
                guard let reason = flood.reason else { continue }
                #expect(reasons.contains { $0.keys.contains(reason) }, "\(flood.name): \(reasons)")
            }
            #expect(process.longestLine < 4_096)
            let ids = zip(old, new).map { Set($0.map(\.id)).union([$1.id]) }
            try await fleet.expectExactly(
                Dictionary(uniqueKeysWithValues: zip(relays.map(\.url.text), ids)))
        }
        for relay in relays { await relay.stop() }
    }

    @Test func `a relay that ignores until is followed, and its row says what it is while it is and afterwards`()
        async throws
    {
        var old = EventFactory(seed: 1_203)
        var behaviour = FakeRelayBehaviour()
        behaviour.ignoresUntil = true
        let relay = try await FakeRelay.start(events: old.events(300), behaviour: behaviour)
        try await withFleet { fleet in
            try await fleet.add([relay.url.text])
            var file = SynchronizerFile(pageSize: 100)
            file.follows = true
            let process = try fleet.start(own: file.text)
            try await fleet.waitUntilFollowed(relay, process)
            let known = """
                SELECT count(*) FROM relay_sync s JOIN relay_coverage c USING (relay_id)
                 WHERE s.class = 3 AND s.last_error = 'until_ignored'
                   AND c.reason = 3 AND c.pages > 0 AND c.items >= 0 AND c.cap >= 100
                """
            try await eventually("it is known for what it is", found: { process.everything }) {
                try await fleet.number(known + " AND s.owner IS NOT NULL") == 1
            }
            var new = factory(1_204)
            relay.publish(new.next())
            try await eventually("what comes is stored", found: { process.everything }) {
                try await fleet.eventCount() == 101
            }
            #expect(relay.connectionCount == 1)
            #expect(try await process.terminate() == 0, "\(process.everything)")
            #expect(try await fleet.number(known + " AND s.owner IS NULL") == 1)
        }
        await relay.stop()
    }

    /// They are compared with what is stored as those of pages are.
    @Test func `copies of stored events that come live are links where they are signed, and rejected where not`()
        async throws
    {
        let factory = factory(1_202)
        let notes = (0..<3).map { factory.sign(kind: 1, tags: [], content: "stored \($0)") }
        let (first, second) = (try await FakeRelay.start(events: notes), try await FakeRelay.start())
        try await withFleet { fleet in
            try await fleet.add([first.url.text])
            var file = SynchronizerFile()
            file.follows = true
            let process = try fleet.start(own: file.text)
            try await eventually("they are stored", found: { process.everything }) {
                try await fleet.eventCount() == notes.count
            }
            try await fleet.add([second.url.text])
            try await fleet.waitUntilFollowed(second, process)
            let copies = [notes[0], factory.resign(notes[1]), notes[2].withBrokenSignature]
            for copy in copies { second.publish(copy) }
            let last = factory.sign(kind: 1, tags: [], content: "what comes last")
            second.publish(last)
            try await eventually("all are looked at", found: { process.everything }) { try await fleet.holds(last) }
            #expect(try await process.terminate() == 0, "\(process.everything)")
            let counted = process.log("relay_visited").filter { $0["relay"] as? String == second.url.text }
                .compactMap { $0["reasons"] as? [String: Int] }.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
            #expect(Set(["second_signature", "bad_signature"]).isSubset(of: counted.keys), "\(counted)")
            let archive = try await fleet.expectExactly([
                first.url.text: Set(notes.map(\.id)), second.url.text: [notes[0].id, notes[1].id, last.id],
            ])
            for event in archive.events {
                #expect((notes + [last]).contains { $0.id == event.id && $0.signature == event.signature })
            }
        }
        for relay in [first, second] { await relay.stop() }
    }

    /// Nobody asks it anything for an hour: only the pings of the connection find it out.
    @Test func `a followed relay that is half-open is dead after two pings`() async throws {
        var factory = factory(1_201)
        let relay = try await FakeRelay.start(events: factory.events(20))
        try await withFleet { fleet in
            try await fleet.add([relay.url.text])
            var file = SynchronizerFile()
            file.follows = true
            let process = try fleet.start(own: file.text)
            try await fleet.waitUntilFollowed(relay, process)
            // From then on no page is asked for.
            try await eventually("it is read", found: { process.everything }) {
                try await fleet.number(
                    "SELECT count(*) FROM relay_sync WHERE sealed_hi IS NOT NULL AND walk_hi IS NULL") == 1
            }
            #expect(try await fleet.eventCount() == 20)
            relay.behaviour.isHalfOpen = true
            try await eventually("it is dead", within: .seconds(180), found: { process.everything }) {
                process.log("relay_not_followed").contains { $0["reason"] as? String == "disconnected" }
            }
            relay.behaviour.isHalfOpen = false
            try await fleet.makeDue()
            try await eventually("it is dialled again", found: { process.everything }) { relay.connectionCount == 2 }
            try await fleet.waitUntilFollowed(relay, process)
            relay.publish(factory.events(1)[0])
            try await eventually("what comes then is stored") { try await fleet.eventCount() == 21 }
            #expect(try await process.terminate() == 0, "\(process.everything)")
        }
        await relay.stop()
    }
}

extension Fleet {
    fileprivate func waitUntilFollowed(_ relay: FakeRelay, _ process: ServiceProcess) async throws {
        try await eventually("\(relay.url) is followed", found: { process.everything }) { relay.isFollowed }
    }
}
