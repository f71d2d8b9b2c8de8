import Crypto
import Foundation
import Nostr
import Support
import Testing

/// The main job, against relay software that nobody here wrote.
@Suite(.serialized, .timeLimit(.minutes(20))) struct RealRelayTests {
    /// Runs the body with a relay that holds so many events, and the ids that it really holds.
    private func withRelay(
        events count: Int, seed: UInt64, options: [String] = [],
        _ body: (RealRelay, Set<Bytes32>) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        var factory = EventFactory(seed: seed)
        try factory.events(count).writeJSONL(to: "\(folder.path)/events.jsonl")
        let files = ["--ids", "\(folder.path)/held.txt"]
        try await RealRelay.withRunning(file: "\(folder.path)/events.jsonl", options: files + options) { relay in
            let held = Set(folder.read("held.txt").split(separator: "\n").compactMap { Bytes32(hex: String($0)) })
            try #require(held.count == count && relay.held == count && relay.refused == 0)
            try await body(relay, held)
        }
    }

    private func withProxy(_ relay: RealRelay, _ body: (RecordingProxy) async throws -> Void) async throws {
        let port = try #require(URL(string: relay.url)?.port)
        let proxy = try await RecordingProxy.start(to: port)
        do { try await body(proxy) } catch {
            await proxy.stop()
            throw error
        }
        await proxy.stop()
    }

    @Test func `every event is stored as it was signed, and a restart fetches no more than a boundary page`()
        async throws
    {
        let count = Dose.of(5_000, full: 50_000)
        try await withRelay(events: count, seed: 31) { relay, held in
            try await withProxy(relay) { proxy in
                try await withFleet { fleet in
                    try await fleet.add([proxy.url])
                    let file = SynchronizerFile()
                    let first = try fleet.start(own: file.text)
                    try await fleet.waitUntilSealed(1, by: [first])
                    #expect(try await first.terminate() == 0, "\(first.everything)")
                    try await fleet.expectExactly([proxy.url: held])
                    let before = proxy.counts
                    #expect(before.events >= count)
                    // One second is read twice at each page's end, and there are at most three events in one.
                    #expect(before.events <= count + 8 * (count / file.pageSize + 2))

                    try await fleet.makeDue()
                    let second = try fleet.start(own: file.text)
                    try await eventually("the relay is visited again", found: { second.everything }) {
                        proxy.counts.ends > before.ends && proxy.counts.open == 0
                    }
                    #expect(try await second.terminate() == 0, "\(second.everything)")
                    #expect(proxy.counts.events - before.events <= file.pageSize, "\(second.everything)")
                    try await fleet.expectExactly([proxy.url: held])
                }
            }
        }
    }

    @Test func `a second visit asks for new time only`() async throws {
        var factory = EventFactory(seed: 35)
        let events = factory.events(700)
        let relay = try await FakeRelay.start(events: events)
        try await withFleet { fleet in
            try await fleet.add([relay.url.text])
            try await fleet.runOnce(own: SynchronizerFile(pageSize: 100).text)
            let (requests, newest) = (relay.requests.count, events.map(\.createdAt).max() ?? 0)
            try await fleet.makeDue()
            try await fleet.runOnce(own: SynchronizerFile(pageSize: 100).text)
            let again = relay.requests.dropFirst(requests)
            #expect(!again.isEmpty)
            // One question without a lower bound makes sure that the relay does not answer wrongly to bounds.
            let unbounded = again.filter { $0.filters.contains { ($0.since ?? 0) <= newest } }
            #expect(unbounded.count <= 1, "\(again.map(\.filters))")
            #expect(again.reduce(0) { $0 + $1.sent.count } <= 100)
        }
        await relay.stop()
    }

    @Test func `a relay that cuts pages in silence is read whole`() async throws {
        let count = Dose.of(1_500, full: 10_000)
        try await withRelay(events: count, seed: 32, options: ["--max-filter-limit", "90"]) { relay, held in
            try await withFleet { fleet in
                try await fleet.add([relay.url])
                try await fleet.runOnce(own: SynchronizerFile().text)
                try await fleet.expectExactly([relay.url: held])
            }
        }
    }

    @Test func `events that come later are fetched by the next visit`() async throws {
        try await withRelay(events: 300, seed: 33) { relay, held in
            try await withFleet { fleet in
                try await fleet.add([relay.url])
                try await fleet.runOnce(own: SynchronizerFile().text)
                let now = Int64(Date().timeIntervalSince1970)
                var factory = EventFactory(seed: 34, createdAt: now - 30)
                let news = factory.events(20)
                for event in news { try await relay.add(eventJSON: event.text) }
                try await fleet.makeDue()
                try await fleet.runOnce(own: SynchronizerFile().text)
                try await fleet.expectExactly([relay.url: held.union(news.map(\.id))])
            }
        }
    }
}
