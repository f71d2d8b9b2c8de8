import Crypto
import Foundation
import Nostr
import Support
import Testing

/// Both synchronizers beside each other: a relay is in one lane, and in one hand.
@Suite(.serialized, .timeLimit(.minutes(20))) struct PriorityTests {
    /// Two relays that hold different events, each behind a proxy that counts connections.
    private func withRelays(
        _ body: (_ relays: [RealRelay], _ proxies: [RecordingProxy], _ events: [[SampleEvent]]) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        var factory = EventFactory(seed: 81)
        let events = [factory.events(400), factory.events(400)]
        for (number, list) in events.enumerated() { try list.writeJSONL(to: "\(folder.path)/\(number).jsonl") }
        try await RealRelay.withRunning(file: "\(folder.path)/0.jsonl") { one in
            try await RealRelay.withRunning(file: "\(folder.path)/1.jsonl") { other in
                var proxies: [RecordingProxy] = []
                for relay in [one, other] {
                    proxies.append(try await RecordingProxy.start(to: try #require(URL(string: relay.url)?.port)))
                }
                let outcome: Result<Void, any Error>
                do { outcome = .success(try await body([one, other], proxies, events)) } catch {
                    outcome = .failure(error)
                }
                for proxy in proxies { await proxy.stop() }
                try outcome.get()
            }
        }
    }

    /// The Priority Synchronizer's own file with this list.
    private func priorityFile(_ path: String) -> String {
        "relays:\n  path: \(path)\n  refresh: 0.2\n" + SynchronizerFile().text
    }

    private func waitForLane(_ lane: Int, of url: String, _ fleet: Fleet, _ processes: [ServiceProcess]) async throws {
        try await eventually(
            "\(url) is in lane \(lane)", within: .seconds(60),
            found: { processes.map(\.everything).joined(separator: "\n") }
        ) {
            try await fleet.number(
                "SELECT count(*) FROM relay_sync s JOIN relays r USING (relay_id) "
                    + "WHERE r.relay_url = '\(url)' AND s.lane = \(lane)") == 1
        }
    }

    private func visited(_ process: ServiceProcess) -> [String] {
        process.log("relay_visited").compactMap { $0["relay"] as? String }
    }

    private func add(_ event: SampleEvent, to relay: RealRelay) async throws {
        try await relay.add(eventJSON: String(decoding: event.json, as: UTF8.self))
    }

    @Test func `each relay is archived by its lane's service, and a new list needs no restart`() async throws {
        try await withRelays { relays, proxies, events in
            let (listed, other) = (proxies[0].url, proxies[1].url)
            let folder = try TemporaryFolder()
            let list = try folder.write("# the list\n\(listed)  # first\nno relay\n", to: "priority.txt")
            try await withFleet(as: [.synchronizer, .prioritySynchronizer]) { fleet in
                let priority = try fleet.start(.prioritySynchronizer, own: priorityFile(list))
                try await waitForLane(1, of: listed, fleet, [priority])
                try await fleet.add([other])
                let ordinary = try fleet.start(own: SynchronizerFile().text)
                let both = [priority, ordinary]
                try await fleet.waitUntilSealed(2, by: both)
                // A relay is given back before its visit is told.
                try await eventually("their visits are told", found: { both.map(\.everything).joined() }) {
                    both.allSatisfy { !visited($0).isEmpty }
                }
                #expect(Set(visited(priority)) == [listed])
                #expect(Set(visited(ordinary)) == [other])
                let held = events.map { Set($0.map(\.id)) }
                try await fleet.expectExactly([listed: held[0], other: held[1]])
                let named = priority.log("priority_lines_rejected")
                #expect(named.count == 1, "once, not every round")
                #expect((named.first?["lines"] as? [String])?.first?.hasPrefix("line 3:") == true)
                #expect(named.first?["file"] as? String == list)

                try folder.write("\(other)\n", to: "priority.txt")
                try await waitForLane(1, of: other, fleet, both)
                try await waitForLane(0, of: listed, fleet, both)
                let before = (visited(priority).count, visited(ordinary).count)
                try await fleet.makeDue()
                try await eventually("both are visited again", found: { both.map(\.everything).joined() }) {
                    visited(priority).count > before.0 && visited(ordinary).count > before.1
                }
                #expect(Set(visited(priority).dropFirst(before.0)) == [other])
                #expect(Set(visited(ordinary).dropFirst(before.1)) == [listed])
                for process in both { #expect(try await process.terminate() == 0, "\(process.everything)") }
                try await fleet.expectExactly([listed: held[0], other: held[1]])
                for proxy in proxies { #expect(proxy.counts.mostOpen == 1, "it was in two hands") }
            }
        }
    }

    @Test func `a stopped Priority Synchronizer starves no relay`() async throws {
        try await withRelays { relays, proxies, events in
            let listed = proxies[0].url
            let folder = try TemporaryFolder()
            let list = try folder.write("\(listed)\n", to: "priority.txt")
            try await withFleet(as: [.synchronizer, .prioritySynchronizer]) { fleet in
                let priority = try fleet.start(.prioritySynchronizer, own: priorityFile(list))
                try await waitForLane(1, of: listed, fleet, [priority])
                try await fleet.waitUntilSealed(1, by: [priority])
                #expect(try await priority.terminate() == 0, "\(priority.everything)")

                let factory = EventFactory(seed: 82, createdAt: Int64(Date().timeIntervalSince1970) - 60)
                let late = factory.sign(kind: 1, tags: [], content: "late")
                try await add(late, to: relays[0])
                try await fleet.makeDue()
                let patient = try await fleet.runOnce(own: SynchronizerFile(helpOverdue: 600).text)
                #expect(visited(patient).isEmpty, "it is not overdue for long enough")

                let helper = try fleet.start(own: SynchronizerFile(helpOverdue: 1).text)
                try await eventually("the relay is visited", found: { helper.everything }) {
                    try await fleet.eventCount() == events[0].count + 1
                }
                #expect(try await helper.terminate() == 0, "\(helper.everything)")
                #expect(Set(visited(helper)) == [listed])
                try await waitForLane(1, of: listed, fleet, [helper])
                try await fleet.expectExactly([listed: Set(events[0].map(\.id) + [late.id])])
                #expect(proxies[0].counts.mostOpen == 1)
            }
        }
    }
}
