import Crypto
import Database
import Foundation
import Nostr
import Support
import Testing

/// What counts as complete, and what is found later than its time.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ProofTests {
    /// Passes follow each other within seconds.
    private static let file = SynchronizerFile(revisit: 0.3, secondPass: 1, rescans: [1, 4]).text

    /// A relay that compares sets seals by that (proof 2), another one by a second pass over its pages (proof 3).
    @Test(arguments: [([String](), 2), (["NEG-OPEN"], 3)])
    func `what the first pass read is sealed, and a later look finds what came behind it`(
        refused: [String], proof: Int
    ) async throws {
        let folder = try TemporaryFolder()
        var factory = EventFactory(seed: 71)
        let all = factory.events(2_600)
        let late = stride(from: 0, to: all.count, by: 20).map { all[$0] }
        let early = Set(all).subtracting(late)
        try Array(early).writeJSONL(to: "\(folder.path)/events.jsonl")
        try await RealRelay.withRunning(file: "\(folder.path)/events.jsonl") { relay in
            let port = try #require(URL(string: relay.url)?.port)
            let proxy = try await RecordingProxy.start(to: port, refusing: refused)
            try await withFleet { fleet in
                try await fleet.add([proxy.url])
                let process = try fleet.start(own: Self.file)
                let newest = all.map(\.createdAt).max() ?? 0
                try await eventually("history is sealed", found: { process.everything }) {
                    try await fleet.unsealed(upTo: newest) == 0
                }
                try await fleet.expectExactly([proxy.url: Set(early.map(\.id))])
                // A second pass asks for smaller pages; the next visit does not begin with them.
                #expect(try await fleet.number("SELECT page_size::bigint FROM relay_sync") == 500)
                #expect(
                    try await fleet.number(
                        "SELECT min(proof)::bigint * 10 + max(proof) FROM relay_coverage WHERE state = 3")
                        == proof * 11)
                #expect(
                    try await fleet.number(
                        "SELECT count(*) FROM relay_sync WHERE behaviour -> 'negentropy' = '\(proof == 2)'") == 1)
                #expect(
                    try await fleet.number("SELECT count(*) FROM relay_coverage WHERE state = 3 AND items > 0") > 0)
                for event in late { try await relay.add(eventJSON: String(decoding: event.json, as: UTF8.self)) }
                try await eventually("late events are found", found: { process.everything }) {
                    try await fleet.eventCount() == all.count
                }
                #expect(try await process.terminate() == 0, "\(process.everything)")
                try await fleet.expectExactly([proxy.url: Set(all.map(\.id))])
            }
            await proxy.stop()
        }
    }

    /// Two relays that have most of the same: of the second one little more is downloaded than the first one lacks.
    @Test func `what another relay showed is compared and not downloaded, and proven by that`() async throws {
        let folder = try TemporaryFolder()
        var factory = EventFactory(seed: 73)
        let all = factory.events(4_000)
        let lacking = stride(from: 5, to: all.count, by: 10).map { all[$0] }
        let held = [Set(all).subtracting(lacking), Set(all[1_000...])]
        for (number, events) in held.enumerated() {
            try Array(events).writeJSONL(to: "\(folder.path)/\(number).jsonl")
        }
        try await RealRelay.withRunning(file: "\(folder.path)/0.jsonl") { first in
            try await RealRelay.withRunning(file: "\(folder.path)/1.jsonl") { second in
                let port = try #require(URL(string: second.url)?.port)
                let proxy = try await RecordingProxy.start(to: port)
                try await withFleet { fleet in
                    let file = SynchronizerFile()
                    try await fleet.add([first.url])
                    try await fleet.runOnce(own: file.text)
                    #expect(try await fleet.eventCount() == held[0].count)
                    try await fleet.add([proxy.url])
                    let process = try await fleet.runOnce(own: file.text)
                    try await fleet.expectExactly([
                        first.url: Set(held[0].map(\.id)), proxy.url: Set(held[1].map(\.id)),
                    ])
                    // A page tells that sets are worth it, and a small one that the relay's pages are in order; another
                    // page may be under way by then.
                    let lacked = held[1].subtracting(held[0]).count
                    let counts = proxy.counts
                    #expect(counts.events >= lacked)
                    #expect(counts.events <= lacked + 2 * file.pageSize + 100, "\(process.everything)")
                    #expect(
                        try await fleet.number(
                            "SELECT count(*) FROM relay_coverage WHERE state = 3 AND proof = 2 AND items > 2000") == 1)
                    #expect(
                        try await fleet.number(
                            "SELECT count(*) FROM relay_sync WHERE walk_hi IS NULL AND sealed_hi IS NOT NULL") == 2)
                    #expect(
                        try await fleet.number(
                            "SELECT count(*) FROM relay_sync WHERE behaviour -> 'negentropy' = 'true'") == 1)
                }
                await proxy.stop()
            }
        }
    }

    @Test func `what a relay no longer has is gone, and what comes back is a contradiction`() async throws {
        var factory = EventFactory(seed: 72)
        let events = factory.events(700)
        var behaviour = FakeRelayBehaviour()
        // A difference of sets says what is gone; pages only that it was not shown.
        behaviour.reconciling = .notice("ERROR: bad msg: negentropy disabled")
        let relay = try await FakeRelay.start(events: events, behaviour: behaviour)
        try await withFleet { fleet in
            try await fleet.add([relay.url.text])
            let process = try fleet.start(own: Self.file)
            let newest = events.map(\.createdAt).max() ?? 0
            try await eventually("history is sealed", found: { process.everything }) {
                try await fleet.unsealed(upTo: newest) == 0
            }
            let taken = Array(events[100..<120])
            relay.remove(Set(taken.map(\.id)))
            try await eventually("they are gone", found: { process.everything }) {
                try await fleet.number("SELECT count(*) FROM events_relays WHERE gone_at IS NOT NULL") == 20
            }
            #expect(try await fleet.eventCount() == events.count, "what was archived stays")
            relay.insert(taken)
            try await eventually("they are back", found: { process.everything }) {
                try await fleet.number("SELECT count(*) FROM events_relays WHERE gone_at IS NOT NULL") == 0
            }
            try await eventually("such a relay proves nothing any more", found: { process.everything }) {
                try await fleet.number("SELECT count(*) FROM relay_coverage WHERE state = 4") > 0
            }
            #expect(try await process.terminate() == 0, "\(process.everything)")
            try await fleet.expectExactly([relay.url.text: Set(events.map(\.id))])
        }
        await relay.stop()
    }
}

extension Fleet {
    /// Intervals of history up to this second that are not sealed, or 1 while there is none.
    fileprivate func unsealed(upTo second: Int64) async throws -> Int {
        try await number(
            """
            SELECT CASE WHEN count(*) = 0 THEN 1 ELSE count(*) FILTER (WHERE state <> 3) END
              FROM relay_coverage WHERE lo <= \(second)
            """)
    }
}
