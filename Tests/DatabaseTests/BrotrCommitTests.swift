import Crypto
import Nostr
import Support
import Testing

@testable import Database

/// Storing pages: what is stored, what is refused, what is left out.
@Suite struct BrotrCommitTests {
    private let owner = ReplicaID.random()

    private func page(_ lease: RelayLease, _ events: [Event], _ places: [Int]? = nil) -> RelayPage {
        var page = RelayPage(relay: lease.relay, fence: lease.fence)
        page.newEvents = places ?? Array(events.indices)
        var sums: [Int32: DaySum] = [:]
        for place in page.newEvents {
            sums[DaySum.day(of: events[place].createdAt), default: DaySum()].add(events[place].id)
        }
        page.days = sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return page
    }

    @Test func `events come back byte for byte`() async throws {
        var samples = EventSamples(seed: 1)
        let events = try samples.next(300)
        try await withTestDatabase { database in
            let lease = try await database.brotr.claim(owner: owner)
            let answers = try await database.brotr.commitPages(
                PagesBatch(owner: owner, pages: [page(lease, events)], events: events))
            #expect(answers == [CommitAnswer(relay: lease.relay, accepted: true, eventsNew: 300, sightingsNew: 300)])
            let rows = try await database.pool.fetch(
                "SELECT event_id, pubkey, created_at, kind, sig, content, tags, tag_keys, id_dialect FROM events")
            let stored = Dictionary(uniqueKeysWithValues: try rows.map { (try $0.decode(Bytes32.self, at: 0), $0) })
            #expect(stored.count == 300)
            for event in events {
                let row = try #require(stored[event.id])
                let (_, pubkey, createdAt, kind, signature, content) = try row.decode(
                    Bytes32.self, Bytes32.self, Int64.self, Int32.self, Bytes64.self, String.self)
                #expect(pubkey == event.pubkey)
                #expect(createdAt == event.createdAt.seconds)
                #expect(kind == Int32(event.kind))
                #expect(signature == event.signature)
                #expect(Array(content.utf8) == event.content)
                #expect(try row.decode([Int64]?.self, at: 7) ?? [] == event.tagKeys)
                #expect(try row.decode(Int16.self, at: 8) == event.dialect.rawValue)
                // Through jsonb, whose text is spelt anew: the id is the proof that nothing was lost.
                let again = Event(
                    id: event.id, pubkey: pubkey, createdAt: UnixTime(seconds: createdAt), kind: event.kind,
                    signature: signature, tagsJSON: try row.decode(JSONText.self, at: 6).bytes,
                    content: Array(content.utf8), dialect: event.dialect)
                #expect(again.recomputedID() == event.id)
            }
        }
    }

    @Test func `known ids are told by relay and in the order asked`() async throws {
        var samples = EventSamples(seed: 2)
        let events = try samples.next(20)
        try await withTestDatabase { database in
            let brotr = database.brotr
            let lease = try await brotr.claim(1, owner: owner)
            let other = try await brotr.insertRelay(EventSamples.relay(2))
            _ = try await brotr.commitPages(
                PagesBatch(owner: owner, pages: [page(lease, events, Array(0..<10))], events: Array(events[..<10])))
            let asked = [15, 3, 3, 0].map { events[$0] }
            let (ids, signatures) = (asked.map(\.id), asked.map(\.signature))
            let here = try await brotr.knownEvents(ids, signatures: signatures, relay: lease.relay)
            #expect(here.map { $0?.isLinked } == [nil, true, true, true])
            #expect(here[1]?.event == here[2]?.event)
            let there = try await brotr.knownEvents(ids, signatures: signatures, relay: other)
            #expect(there.map { $0?.isLinked } == [nil, false, false, false])
            #expect(there.allSatisfy { $0?.hasOtherSignature != true })
            let foreign = try await brotr.knownEvents(
                ids, signatures: [.zero, signatures[1], .zero, signatures[1]], relay: lease.relay)
            #expect(foreign.map { $0?.hasOtherSignature } == [nil, false, true, true])
            #expect(foreign.map { $0?.event } == here.map { $0?.event })
            let none = try await brotr.knownEvents([], signatures: [], relay: other)
            #expect(none.isEmpty)
        }
    }

    @Test func `several relays in one call share their events, answers come in the order given`() async throws {
        var samples = EventSamples(seed: 3)
        let events = try samples.next(10)
        try await withTestDatabase { database in
            let brotr = database.brotr
            let first = try await brotr.claim(1, owner: owner)
            let second = try await brotr.claim(2, owner: owner)
            let pages = [page(second, events, [0, 1, 2, 3]), page(first, events, [3, 2, 9])]
            let answers = try await brotr.commitPages(PagesBatch(owner: owner, pages: pages, events: events))
            #expect(answers.map(\.relay) == [second.relay, first.relay])
            #expect(answers.map(\.sightingsNew) == [4, 3])
            #expect(answers.map(\.eventsNew).reduce(0, +) == 5, "events on no page are not new on any")
            let links = try await brotr.number("SELECT count(*) FROM events_relays")
            #expect(links == 7)
        }
    }

    @Test func `a lost lease leaves its page out and the others in`() async throws {
        var samples = EventSamples(seed: 4)
        let events = try samples.next(6)
        try await withTestDatabase { database in
            let brotr = database.brotr
            let kept = try await brotr.claim(1, owner: owner)
            var lost = try await brotr.claim(2, owner: owner)
            lost.fence -= 1
            let batch = PagesBatch(
                owner: owner, pages: [page(lost, events, [0, 1, 2]), page(kept, events, [2, 3])], events: events)
            let answers = try await brotr.commitPages(batch)
            #expect(answers.map(\.accepted) == [false, true])
            #expect(answers.map(\.sightingsNew) == [0, 2])
            let stored = try await brotr.number("SELECT count(*) FROM events")
            #expect(stored == 2)
            let stranger = PagesBatch(owner: .random(), pages: [page(kept, events, [4])], events: events)
            let refused = try await brotr.commitPages(stranger)
            #expect(refused == [CommitAnswer(relay: kept.relay, accepted: false)])
        }
    }

    @Test func `progress, days, coverage and quarantine are in the same call`() async throws {
        var samples = EventSamples(seed: 5)
        let events = try samples.next(50)
        try await withTestDatabase { database in
            let brotr = database.brotr
            let lease = try await brotr.claim(owner: owner)
            var first = page(lease, events)
            first.walkLo = UnixTime(seconds: 0)
            first.walkHi = UnixTime(seconds: 1_700_000_500)
            first.frontier = UnixTime(seconds: 1_700_000_100)
            first.tailSeen = UnixTime(seconds: 1_700_000_400)
            first.capSeen = 50
            first.pageSize = 100
            let row = CoverageRow(
                lo: UnixTime(seconds: 0), hi: UnixTime(seconds: 9), state: 3, proof: 1, pages: 2, items: 5, cap: 50)
            first.coveragePut = [row, CoverageRow(lo: UnixTime(seconds: 10), hi: UnixTime(seconds: 20), state: 1)]
            first.quarantined = [QuarantineRow(reason: "bad_signature", digest: .zero, raw: [1, 2, 3])]
            _ = try await brotr.commitPages(PagesBatch(owner: owner, pages: [first], events: events))

            let days = try await brotr.relayDays(lease.relay, days: first.days.map(\.day) + [-5])
            #expect(days == Dictionary(uniqueKeysWithValues: first.days.map { ($0.day, $0.sum) }))
            let coverage = try await brotr.relayCoverage(lease.relay)
            #expect(coverage.first == row)
            #expect(coverage.count == 2)
            let quarantine = try await brotr.pool.fetch("SELECT reason, raw FROM quarantine").only("q")
                .decode(String.self, Bytea.self)
            #expect(quarantine == ("bad_signature", Bytea([1, 2, 3])))

            var second = RelayPage(relay: lease.relay, fence: lease.fence)
            second.coverageDrop = [UnixTime(seconds: 10)]
            second.frontier = UnixTime(seconds: 1_700_000_050)
            _ = try await brotr.commitPages(PagesBatch(owner: owner, pages: [second]))
            _ = try await brotr.releaseRelay(
                RelayRelease(relay: lease.relay, fence: lease.fence, owner: owner, dueIn: .zero))
            let again = try await brotr.claim(owner: owner)
            #expect(again.fence > lease.fence)
            #expect(again.walkLo == UnixTime(seconds: 0))
            #expect(again.walkHi == UnixTime(seconds: 1_700_000_500))
            #expect(again.frontier == UnixTime(seconds: 1_700_000_050))
            #expect(again.tailSeen == UnixTime(seconds: 1_700_000_400))
            #expect(again.capSeen == 50)
            #expect(again.pageSize == 100)
            #expect(try await brotr.relayCoverage(again.relay).count == 1)
        }
    }

    @Test func `a call repeated after an unknown outcome changes nothing`() async throws {
        var samples = EventSamples(seed: 6)
        let events = try samples.next(30)
        try await withTestDatabase { database in
            let lease = try await database.brotr.claim(owner: owner)
            let batch = PagesBatch(owner: owner, pages: [page(lease, events)], events: events)
            _ = try await database.brotr.commitPages(batch)
            let again = try await database.brotr.commitPages(batch)
            #expect(again == [CommitAnswer(relay: lease.relay, accepted: true, eventsKnown: 30)])
            let links = try await database.brotr.number("SELECT count(*) FROM events_relays")
            #expect(links == 30)
        }
    }

    @Test func `known events are linked to one relay more`() async throws {
        var samples = EventSamples(seed: 7)
        let events = try samples.next(10)
        try await withTestDatabase { database in
            let brotr = database.brotr
            let first = try await brotr.claim(1, owner: owner)
            let second = try await brotr.claim(2, owner: owner)
            _ = try await brotr.commitPages(PagesBatch(owner: owner, pages: [page(first, events)], events: events))
            let known = try await brotr.knownEvents(
                events.map(\.id), signatures: events.map(\.signature), relay: second.relay)
            var page = RelayPage(relay: second.relay, fence: second.fence)
            page.known = zip(events, known).compactMap { event, known in
                known.map {
                    KnownSighting(event: $0.event, createdAt: event.createdAt, kind: event.kind, pubkey: event.pubkey)
                }
            }
            let answers = try await brotr.commitPages(PagesBatch(owner: owner, pages: [page]))
            #expect(answers == [CommitAnswer(relay: second.relay, accepted: true, eventsKnown: 10, sightingsNew: 10)])
        }
    }

    @Test func `versions and tombstones are moved in the call`() async throws {
        let samples = EventSamples(seed: 8)
        let old = samples.event(kind: 0, at: 1000, "{}")
        let new = samples.event(kind: 0, at: 2000, #"{"name":"a"}"#)
        let deletion = samples.event(
            kind: 5, at: 3000, tags: [["e", old.id.hex], ["a", "30023:\(old.pubkey.hex):x"]])
        let events = [new, old, deletion]
        try await withTestDatabase { database in
            let lease = try await database.brotr.claim(owner: owner)
            _ = try await database.brotr.commitPages(
                PagesBatch(owner: owner, pages: [page(lease, events)], events: events))
            let latest = try await database.pool.fetch("SELECT event_id FROM latest_versions").only("t")
            #expect(try latest.decode(Bytes32.self, at: 0) == new.id)
            let keys = try await database.pool.fetch("SELECT key FROM tombstones").map {
                try $0.decode(Bytea.self, at: 0).bytes
            }
            #expect(Set(keys) == Set(deletion.tombstones.map(\.key)))
            #expect(keys.count == 2)
        }
    }

    @Test func `writers that bring the same events do not block each other for ever`() async throws {
        var samples = EventSamples(seed: 9)
        let events = try samples.next(400)
        try await withTestDatabase { database in
            let brotr = database.brotr
            var leases: [RelayLease] = []
            for number in 1...4 { leases.append(try await brotr.claim(number, owner: owner)) }
            let total = try await withThrowingTaskGroup(of: Int.self) { group in
                for (number, lease) in leases.enumerated() {
                    group.addTask {
                        // Each in another order: sorting is the call's own business.
                        var mine = events
                        mine.rotate(by: number * 97)
                        var new = 0
                        for start in stride(from: 0, to: mine.count, by: 50) {
                            let part = Array(mine[start..<(start + 50)])
                            new += try await brotr.commitPages(
                                PagesBatch(owner: self.owner, pages: [self.page(lease, part)], events: part)
                            ).reduce(0) { $0 + $1.eventsNew }
                        }
                        return new
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(total == 400, "each event is new exactly once")
            let links = try await brotr.number("SELECT count(*) FROM events_relays")
            #expect(links == 1600)
        }
    }
}

extension Array {
    fileprivate mutating func rotate(by count: Int) {
        let place = count % Swift.max(self.count, 1)
        self = Array(self[place...] + self[..<place])
    }
}
