import Foundation
import Nostr
import Support
import Testing

@testable import Database

/// One event larger than a message may be, amid an honest relay's history: the connection ends whenever it comes.
@Suite(.timeLimit(.minutes(10))) struct OversizeTests {
    private static let core = """
        networks:
          local:
            enabled: true
        limits:
          message_bytes: 64 KiB

        """

    /// A minute apart.
    private var history: [SampleEvent] {
        var factory = EventFactory(seed: 97)
        return (0..<201).map { number in
            factory.createdAt += 60
            guard number == 100 else { return factory.next() }
            return factory.sign(kind: 1, tags: [], content: String(repeating: "x", count: 100_000))
        }
    }

    @Test func `the newest event hides little of what is older, though a subscription would show it first`()
        async throws
    {
        var factory = EventFactory(seed: 98, createdAt: Int64(Date().timeIntervalSince1970) - 14_000)
        var events: [SampleEvent] = (0..<200).map { _ in
            factory.createdAt += 60
            return factory.next()
        }
        let small = Set(events.map(\.id))
        factory.createdAt += 60
        events.append(factory.sign(kind: 1, tags: [], content: String(repeating: "x", count: 100_000)))
        let relay = try await FakeRelay.start(events: events)
        try await withFleet { fleet in
            try await fleet.add([relay.url.text])
            let file = SynchronizerFile(revisit: 0.3, retry: 0.2, retryCeiling: 1, follows: true).text
            let process = try fleet.start(own: file, core: Self.core)
            try await eventually("all that is small is stored", within: .seconds(120), found: { process.everything }) {
                try await fleet.eventCount() == small.count
            }
            #expect(try await process.terminate() == 0, "\(process.everything)")
            #expect(try await fleet.archive().ids.isSubset(of: small))
        }
        await relay.stop()
    }

    @Test func `what is older is archived too, and all of it once messages may be larger`() async throws {
        let events = history
        let relay = try await FakeRelay.start(events: events)
        try await withFleet { fleet in
            try await fleet.add([relay.url.text])
            let file = SynchronizerFile(revisit: 0.3, retry: 0.2, retryCeiling: 1).text
            let narrow = try fleet.start(own: file, core: Self.core)
            try await fleet.waitUntilSealed(1, by: [narrow])
            try await eventually(
                "the second of the event alone is a gap", within: .seconds(120), found: { narrow.everything }
            ) {
                try await fleet.number(
                    "SELECT coalesce(sum(hi - lo + 1), 0)::bigint FROM relay_coverage WHERE state = 5 AND reason = 8")
                    == 1
            }
            #expect(try await narrow.terminate() == 0, "\(narrow.everything)")
            #expect(try await fleet.eventCount() == 200)
            #expect(try await fleet.number("SELECT fails FROM relay_sync") == 0)

            try await fleet.database.pool.execute(
                NamedStatement("look_again", "UPDATE relay_coverage SET rescan_at = now() WHERE state = 5"))
            try await fleet.makeDue()
            let wide = try fleet.start(own: file)
            try await eventually("the gap is closed", found: { wide.everything }) {
                try await fleet.number("SELECT count(*) FROM relay_coverage WHERE state = 5") == 0
            }
            #expect(try await wide.terminate() == 0, "\(wide.everything)")
            try await fleet.expectExactly([relay.url.text: Set(events.map(\.id))])
        }
        await relay.stop()
    }
}
