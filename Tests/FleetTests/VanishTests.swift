import Nostr
import Support
import Testing

@testable import Database

/// An author asks every relay to forget them (NIP-62); relays that do not go on serving what is theirs.
@Suite(.timeLimit(.minutes(10))) struct VanishTests {
    private static let vanished = 20

    /// A minute apart: 20 events before the request to vanish and 10 behind it.
    private let events: [SampleEvent]
    /// Of the same author, before all of these.
    private let late: SampleEvent
    /// Of somebody else.
    private let others: [SampleEvent]

    init() {
        var factory = EventFactory(seed: 62)
        late = factory.sign(kind: 1, tags: [], content: "late")
        var events: [SampleEvent] = []
        for number in 0...30 {
            factory.createdAt += 60
            let isRequest = number == Self.vanished
            events.append(
                factory.sign(
                    kind: isRequest ? 62 : number == 7 ? 0 : 1, tags: isRequest ? [["relay", "ALL_RELAYS"]] : [],
                    content: "event \(number)"))
        }
        self.events = events
        var other = EventFactory(seed: 63)
        others = (0..<30).map { _ in
            other.createdAt += 60
            return other.next()
        }
    }

    @Test func `what the author wrote before is erased, and neither comes back nor is missed`() async throws {
        let expected = Set((others + events.dropFirst(Self.vanished)).map(\.id))
        let first = try await FakeRelay.start(events: events + others)
        let second = try await FakeRelay.start(events: [late] + events + others)
        try await withFleet { fleet in
            try await fleet.add([first.url.text])
            let service = try fleet.start(own: SynchronizerFile(retry: 0.2).text)
            try await eventually("the first relay's are erased", found: { service.everything }) {
                try await fleet.number("SELECT count(*) FROM erased_events") == Self.vanished
            }
            try await fleet.expectExactly([first.url.text: expected])

            try await fleet.add([second.url.text])
            try await eventually("what came late is erased too", found: { service.everything }) {
                try await fleet.number("SELECT count(*) FROM erased_events") == Self.vanished + 1
            }
            try await fleet.waitUntilSealed(2, by: [service])
            try await fleet.expectExactly([first.url.text: expected, second.url.text: expected])
            let stored = try await fleet.number("SELECT sum(cardinality(events))::bigint FROM event_batches")
            #expect(stored == events.count + others.count + 1, "nothing was stored twice")
            #expect(try await fleet.number("SELECT sum(fails)::bigint FROM relay_sync") == 0)
            #expect(try await service.terminate() == 0, "\(service.everything)")
        }
        await first.stop()
        await second.stop()
    }
}
