import Crypto
import Database
import Nostr
import ServiceKit
import Support
import Testing

@testable import Monitor

@Suite struct SecondOpinionTests {
    @Test func `both spellings are looked for in every week that the window touches`() throws {
        let url = try RelayURL.parse("wss://a.example")
        let middle = UnixTime(seconds: TagKey.weekSeconds * 2000 + 300_000)
        let opinion = SecondOpinion(of: url, at: middle)
        #expect(opinion.identifiers == ["wss://a.example", "wss://a.example/"] && opinion.keys.count == 2)
        let start = SecondOpinion(of: url, at: UnixTime(seconds: TagKey.weekSeconds * 2000 + 60))
        #expect(start.keys.count == 4)
        let path = SecondOpinion(of: try RelayURL.parse("wss://a.example/x"), at: middle)
        #expect(path.identifiers == ["wss://a.example/x"] && path.keys.count == 1)
    }

    @Test func `what another monitor says is stored beside our checks, and changes nothing else`() async throws {
        let relay = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert([relay.url.text, "ws://127.0.0.1:9"])
            for (url, rtt) in [(relay.url.text + "/", "30"), ("ws://127.0.0.1:9", "70")] {
                try await bench.archive(30_166, [["d", url], ["rtt-open", rtt]], by: .random(), on: relay.url)
            }
            let monitor = bench.monitor()
            #expect(try await bench.cycle(monitor).success)
            let found = "SELECT concat_ws(' ', monitors, rtt_open, is_up, agreed, disagreed) FROM relay_opinions"
            #expect(try await bench.texts("\(found) ORDER BY relay_id") == ["1 30 t 1 0", "1 70 f 0 1"])
            let off = bench.monitor { $0.checks.secondOpinion = false }
            #expect(try await bench.cycle(off).success)
            #expect(try await bench.texts("\(found) ORDER BY relay_id") == ["1 30 t 1 0", "1 70 f 0 1"])
        }
        await relay.stop()
    }

    @Test func `a change of state that another monitor tells is heard, and one of our own is not`() async throws {
        let relay = try await FakeRelay.start()
        try await withMonitorBench { bench in
            let key = String(repeating: "7", count: 64)
            let (ours, other) = (try NIP19Keys.secretKey(key), SecretKey.random())
            try await bench.insert([relay.url.text, "ws://127.0.0.1:9"])
            for url in [relay.url.text + "/", "ws://127.0.0.1:9"] {
                try await bench.archive(1066, [["r", url], ["O", "down"]], by: other, on: relay.url)
                try await bench.archive(1066, [["r", url], ["O", "up"]], by: ours, on: relay.url)
            }
            try await bench.archive(1066, [["r", "wss://unknown.example"], ["O", "up"]], by: other, on: relay.url)
            let publishing = bench.monitor(key: key) {
                ($0.publishing.enabled, $0.publishing.relays) = (true, ["ws://127.0.0.1:9"])
            }
            #expect(try await bench.cycle(publishing).success)
            let found = """
                SELECT concat_ws(' ', monitors, monitors_down, is_up, agreed, disagreed) FROM relay_opinions
                 ORDER BY relay_id
                """
            #expect(try await bench.texts(found) == ["0 1 t 0 1", "0 1 f 1 0"])
            // Without a key nobody is left out; one against one is no opinion.
            #expect(try await bench.cycle(bench.monitor()).success)
            #expect(try await bench.texts(found) == ["1 1 t 0 1", "1 1 f 1 0"])
        }
        await relay.stop()
    }

    @Test func `checks are stored where nothing can be heard`() async throws {
        try await withMonitorBench { bench in
            try await bench.insert(["ws://127.0.0.1:9"])
            try await bench.database.pool.execute(NamedStatement("test", "DROP FUNCTION hear_deltas"))
            #expect(try await bench.cycle(bench.monitor()).success)
            #expect(try await bench.text("SELECT count(*)::text FROM relay_metadata") == "1")
            #expect(bench.lines.messages.contains("deltas_not_heard"))
        }
    }
}

extension MonitorBench {
    /// Stores an event of this second, as seen on a relay.
    fileprivate func archive(
        _ kind: UInt16, _ tags: [[String]], by author: SecretKey, on url: RelayURL
    ) async throws {
        let now = UnixTime(seconds: try await now())
        let event = UnsignedEvent(createdAt: now, kind: kind, tags: tags).sign(with: author)
        _ = try await database.brotr.insertEvent(event, relay: RelayRecord(url: url, insertedAt: now), seenAt: now)
    }
}
