import Crypto
import Database
import Glibc
import Nostr
import Support
import Testing

/// From a relay's socket to the relays that its events name, with the real executables.
@Suite(.serialized, .timeLimit(.minutes(10))) struct FinderFleetTests {
    private static let services: [FleetService] = [.synchronizer, .finder]

    private static func settings(
        batch: Int = 1000, eventsPerCycle: Int = 100_000, interval: Double = 3600
    ) -> String {
        """
        api:
          enabled: false
        event_scan:
          batch_size: \(batch)
          max_events_per_cycle: \(eventsPerCycle)
        insert_batch_size: 10
        discovery_interval: \(interval)
        lease:
          ttl: 1
        health:
          port: 0

        """
    }

    /// One event for each slot, and the URL that it names there.
    private static let slots: [(slot: RelaySlot, kind: UInt16, tags: [[String]], content: String)] = [
        (.relayList, 10002, [["r", "wss://relay-list.example", "write"]], ""),
        (.probed, 30166, [["d", "wss://probed.example"]], ""),
        (.relaySet, 10050, [["relay", "wss://relay-set.example"]], ""),
        (.blocked, 10006, [["relay", "wss://blocked.example"]], ""),
        (.group, 10009, [["group", "abc", "wss://group.example"]], ""),
        (.relayTag, 34550, [["d", "x"], ["relay", "wss://relay-tag.example"]], ""),
        (.relaysTag, 9041, [["amount", "1"], ["relays", "wss://relays-tag.example"]], ""),
        (
            .zapRequest, 9735,
            [["description", #"{"kind":9734,"tags":[["relays","wss://zap-request.example"]]}"#]], ""
        ),
        (.followList, 3, [], #"{"wss://follow-list.example":{"read":true}}"#),
        (.recommended, 2, [], "wss://recommended.example"),
        (.channel, 40, [], #"{"name":"x","relays":["wss://channel.example"]}"#),
        (.eventHint, 1, [["e", String(repeating: "a", count: 64), "wss://event-hint.example"]], ""),
        (.authorHint, 1, [["p", String(repeating: "b", count: 64), "wss://author-hint.example"]], ""),
        (.addressHint, 1, [["a", "30023:\(String(repeating: "c", count: 64)):x", "wss://address-hint.example"]], ""),
        (.zapHint, 1, [["zap", String(repeating: "d", count: 64), "wss://zap-hint.example", "1"]], ""),
        (
            .clientHint, 1,
            [["client", "x", "31990:\(String(repeating: "e", count: 64)):x", "wss://client-hint.example"]], ""
        ),
        (.jobInput, 5100, [["i", "x", "event", "wss://job-input.example"]], ""),
        (.provider, 10040, [["30382:rank", String(repeating: "f", count: 64), "wss://provider.example"]], ""),
        (.reference, 1, [["r", "wss://reference.example"]], ""),
        (.text, 1, [], "try wss://text.example, it is quick"),
    ]

    /// Batches that a reader of new events does not see yet.
    private static let unsettled =
        "SELECT count(*) FROM event_batches WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())"

    /// An event's id and `wss://nostr-uri.example`.
    private static let nevent =
        "nevent1qqsqwpc8qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurswpcpzamhxue"
        + "69uhkummnw3ez6atjdyhx27rpd4cxceglauvu6"

    /// What stands in the same places and is no relay.
    private static let junk: [(kind: UInt16, tags: [[String]], content: String)] = [
        (10002, [["r", "wss://192.168.1.1:4848"], ["r", "wss://umbrel.local"], ["r", "https://a.example"]], ""),
        (
            1, [["e", String(repeating: "a", count: 64), "[object Object]"]],
            "wss://wss://a.example wss://a.examplewss://b"
        ),
        (3, [], "[\"wss://a.example\"]"), (9735, [["description", "{"]], ""),
        (
            1, [["r", "wss://expyuzz4wqqyqhjn.onion"], ["relays", String(repeating: "x", count: 8_000)]],
            "wss://relay.da..."
        ),
    ]

    @Test func `each slot of archived events makes its relay known, and junk makes none`() async throws {
        let factory = EventFactory(seed: 404)
        let named = Self.slots.map { factory.sign(kind: $0.kind, tags: $0.tags, content: $0.content) }
        let events =
            named + [factory.sign(kind: 1, tags: [], content: "see nostr:\(Self.nevent).")]
            + Self.junk.map { factory.sign(kind: $0.kind, tags: $0.tags, content: $0.content) }
        let relay = try await FakeRelay.start(events: events)
        try await withFleet(as: Self.services) { fleet in
            try await fleet.add([relay.url.text])
            try await fleet.runOnce(own: SynchronizerFile().text)
            #expect(try await fleet.eventCount() == events.count)
            // Behind a transaction that is open anywhere in this cluster, another test's too, nothing is read yet.
            try await eventually("what is archived is settled", within: .seconds(120)) {
                try await fleet.number(Self.unsettled) == 0
            }
            // As in production: what a home network has is no relay for others.
            let finder = try fleet.start(.finder, own: Self.settings(), core: "", arguments: ["--once"])
            #expect(try await finder.exit() == 0, "\(finder.everything)")
            let expected = Self.slots.map { item in
                let name = item.slot.rawValue
                return "wss://\(name.split(separator: "_").joined(separator: "-")).example events \(name) 1 1"
            }
            #expect(
                try await fleet.texts(
                    """
                    SELECT concat_ws(' ', r.relay_url, c.source, c.slot, c.mentions, c.authors)
                      FROM relay_candidates c JOIN relays r USING (relay_id)
                    """
                ).sorted() == (expected + ["wss://nostr-uri.example events nostr_uri 1 1"]).sorted())
            #expect(try await fleet.number("SELECT count(*) FROM relays") == Self.slots.count + 2)
            #expect(
                try await fleet.number("SELECT count(*) FROM relay_checks WHERE worth > 1") == Self.slots.count + 1)
        }
        await relay.stop()
    }

    @Test func `killed between batches it loses nothing and counts nothing twice`() async throws {
        let count = Dose.of(1_500, full: 20_000)
        let factory = EventFactory(seed: 405)
        let events = (0..<count).map { factory.sign(kind: 1, tags: [["r", "wss://r\($0).example"]], content: "\($0)") }
        let relay = try await FakeRelay.start(events: events)
        try await withFleet(as: Self.services) { fleet in
            try await fleet.add([relay.url.text])
            try await fleet.runOnce(own: SynchronizerFile().text)
            #expect(try await fleet.eventCount() == count)
            var random = SplitMix64(seed: 406)
            var kills = 0
            let found = "SELECT count(*) FROM relay_candidates"
            while try await fleet.number(found) < count {
                let before = try await fleet.number(found)
                // Few events a cycle and a pause behind it, or a slow machine would see one life do everything before
                // it is killed; the pause also outlasts the lease of the one before.
                let own = Self.settings(batch: 20, eventsPerCycle: count / 10, interval: 3)
                let finder = try fleet.start(.finder, own: own, core: "")
                // In the midst of its work, at some moment after it has begun.
                try await eventually("it goes on", within: .seconds(60), found: { finder.everything }) {
                    try await fleet.number(found) > before
                }
                try await ContinuousClock().sleep(for: .milliseconds(Int(random.next() % 40)))
                finder.send(signal: SIGKILL)
                _ = try await finder.exit()
                kills += 1
                try #require(kills < 500)
            }
            #expect(kills >= 3)
            let finder = try fleet.start(.finder, own: Self.settings(interval: 1), core: "")
            try await eventually("a cycle finds nothing new", found: { finder.everything }) {
                !finder.log("cycle_completed").filter { $0["count_events_scanned"] as? Int == 0 }.isEmpty
            }
            #expect(try await finder.terminate() == 0)
            // Each event names one relay, so that a mention too many or too few is seen.
            #expect(
                try await fleet.number("SELECT count(*) FROM relay_candidates WHERE mentions = 1 AND authors = 1")
                    == count)
            #expect(try await fleet.number("SELECT count(*) FROM relay_spellings WHERE n = 1") == count)
            #expect(try await fleet.number("SELECT count(*) FROM relays") == count + 1)
            #expect(try await fleet.number("SELECT sum(named) FROM candidate_authors") == count)
        }
        await relay.stop()
    }
}
