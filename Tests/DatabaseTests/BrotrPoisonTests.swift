import Crypto
import Nostr
import Support
import Testing

@testable import Database

/// Batches with an event that the database cannot hold. The parser never makes one; a gap in it would.
@Suite struct BrotrPoisonTests {
    private let owner = ReplicaID.random()

    /// The event with text that PostgreSQL refuses.
    private func poisoned(_ event: Event) -> Event {
        Event(
            id: event.id, pubkey: event.pubkey, createdAt: event.createdAt, kind: event.kind,
            signature: event.signature, tagsJSON: event.tagsJSON, content: [0x61, 0x00, 0x62])
    }

    private func page(_ lease: RelayLease, _ events: [Event]) -> RelayPage {
        var page = RelayPage(relay: lease.relay, fence: lease.fence)
        page.newEvents = Array(events.indices)
        var sums: [Int32: DaySum] = [:]
        for event in events { sums[DaySum.day(of: event.createdAt), default: DaySum()].add(event.id) }
        page.days = sums.map { ($0.key, $0.value) }
        page.walkHi = UnixTime(seconds: 1_700_001_000)
        page.frontier = UnixTime(seconds: 1_700_000_000)
        return page
    }

    @Test(arguments: [[0], [49], [7, 8, 31], Array(0..<50)])
    func `what cannot be stored goes to quarantine and the rest is stored`(places: [Int]) async throws {
        var samples = EventSamples(seed: 11)
        var events = try samples.next(50)
        for place in places { events[place] = poisoned(events[place]) }
        let bad = Set(places.map { events[$0].id })
        try await withTestDatabase { database in
            let brotr = database.brotr
            let lease = try await brotr.claim(owner: owner)
            let page = page(lease, events)
            let answer = try #require(
                try await brotr.commitPages(PagesBatch(owner: owner, pages: [page], events: events)).first)
            #expect(answer.accepted)
            #expect(answer.eventsNew == 50 - places.count)
            #expect(answer.sightingsNew == 50 - places.count)
            #expect(Set(answer.poisoned) == bad)
            let rows = try await brotr.pool.fetch("SELECT reason FROM quarantine")
            #expect(rows.count == places.count)
            let reasons = try rows.map { try $0.decode(String.self, at: 0) }
            #expect(reasons.allSatisfy { $0 == "unstorable_22021" })
            // The fingerprint is of what is stored.
            var sums: [Int32: DaySum] = [:]
            for event in events where !bad.contains(event.id) {
                sums[DaySum.day(of: event.createdAt), default: DaySum()].add(event.id)
            }
            let stored = try await brotr.relayDays(lease.relay, days: page.days.map(\.day))
            #expect(stored.filter { $0.value.count > 0 } == sums)
            let frontier = try await brotr.number(
                "SELECT frontier FROM relay_sync WHERE relay_id = $1", .int4(lease.relay.value))
            #expect(frontier == 1_700_000_000, "the page is done: the relay has nothing better")
        }
    }

    @Test func `sums are those of the rows, wherever the search is cut off`() async throws {
        var samples = EventSamples(seed: 13)
        var events = try samples.next(20)
        events[11] = poisoned(events[11])
        try await withTestDatabase { database in
            let brotr = database.brotr
            let lease = try await brotr.claim(owner: owner)
            var page = page(lease, events)
            // What comes last is refused, as if somebody had been killed before it.
            page.coveragePut = [
                CoverageRow(lo: UnixTime(seconds: 9), hi: UnixTime(seconds: 8), state: 0)
            ]
            await #expect(throws: DatabaseError.self) {
                try await brotr.commitPages(PagesBatch(owner: owner, pages: [page], events: events))
            }
            var sums: [Int32: DaySum] = [:]
            for (place, event) in events.enumerated() where place != 11 {
                sums[DaySum.day(of: event.createdAt), default: DaySum()].add(event.id)
            }
            let linked = try await brotr.number(
                "SELECT count(*) FROM events_relays WHERE relay_id = $1", .int4(lease.relay.value))
            #expect(linked == 19)
            let stored = try await brotr.relayDays(lease.relay, days: page.days.map(\.day))
            #expect(stored.filter { $0.value.count > 0 } == sums)
        }
    }

    @Test func `the pages of other relays are stored whole`() async throws {
        var samples = EventSamples(seed: 12)
        var events = try samples.next(30)
        events[20] = poisoned(events[20])
        try await withTestDatabase { database in
            let brotr = database.brotr
            var pages: [RelayPage] = []
            for number in 0..<3 {
                let lease = try await brotr.claim(number + 1, owner: owner)
                var page = RelayPage(relay: lease.relay, fence: lease.fence)
                page.newEvents = Array(number * 10..<(number + 1) * 10)
                pages.append(page)
            }
            let answers = try await brotr.commitPages(PagesBatch(owner: owner, pages: pages, events: events))
            #expect(answers.map(\.relay) == pages.map(\.relay))
            #expect(answers.map(\.eventsNew) == [10, 10, 9])
            #expect(answers.map(\.poisoned.count) == [0, 0, 1])
        }
    }

    @Test func `a page that is wrong in itself is an error and stores nothing`() async throws {
        var samples = EventSamples(seed: 13)
        let events = try samples.next(4)
        try await withTestDatabase { database in
            let brotr = database.brotr
            let lease = try await brotr.claim(owner: owner)
            var page = page(lease, events)
            page.coveragePut = [CoverageRow(lo: UnixTime(seconds: 9), hi: UnixTime(seconds: 1), state: 1)]
            let error = await #expect(throws: DatabaseError.self) {
                try await brotr.commitPages(PagesBatch(owner: owner, pages: [page], events: events))
            }
            #expect(error?.kind == .constraintViolation)
            #expect(error?.disposition == .skip)
            let frontier = try await brotr.number("SELECT count(frontier) FROM relay_sync")
            #expect(frontier == 0)
        }
    }

    @Test func `a lease lost during the search is told`() async throws {
        var samples = EventSamples(seed: 14)
        var events = try samples.next(4)
        events[1] = poisoned(events[1])
        try await withTestDatabase { database in
            var lease = try await database.brotr.claim(owner: owner)
            lease.fence += 1
            // All pages refused: the poison is not even looked at by the server's checks of rows.
            let answers = try await database.brotr.commitPages(
                PagesBatch(owner: owner, pages: [page(lease, events)], events: events))
            #expect(answers.map(\.accepted) == [false])
        }
    }
}
