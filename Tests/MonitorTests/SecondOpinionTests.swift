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
            let now = UnixTime(seconds: try await bench.now())
            for (url, rtt) in [(relay.url.text + "/", "30"), ("ws://127.0.0.1:9", "70")] {
                let event = UnsignedEvent(
                    createdAt: now, kind: 30_166, tags: [["d", url], ["rtt-open", rtt]]
                ).sign(with: .random())
                _ = try await bench.database.brotr.insertEvent(
                    event, relay: RelayRecord(url: relay.url, insertedAt: now),
                    seenAt: now)
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
}
