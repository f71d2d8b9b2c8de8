import Database
import Foundation
import Nostr
import ServiceKit
import Settings
import Support
import Telemetry
import Testing

@testable import Finder

/// Cycles that ask a local server, on a real database, through PgBouncer.
@Suite struct APISourcesTests {
    typealias Reply = FakeHTTPServer.Reply

    /// A replica that asks these sources of a local server.
    private func finder(
        _ bench: FinderBench, _ urls: [String], shutdown: ShutdownSignal = ShutdownSignal(),
        limits: LimitsSettings = LimitsSettings(), _ change: (inout FinderConfig) -> Void = { _ in }
    ) -> FinderService {
        bench.finder(allowsLocal: true, shutdown: shutdown, limits: limits) { config in
            config.api.enabled = true
            config.api.requestDelay = 0
            config.api.sources = urls.map { url in
                var source = DirectorySource(url: url)
                (source.timeout, source.cooldown) = (120, 0)
                return source
            }
            change(&config)
        }
    }

    /// The state that the database holds of all sources.
    private func states(_ bench: FinderBench) async throws -> [APISourceState] {
        try await FinderStore(brotr: bench.database.brotr, queryTimeout: .seconds(30))
            .sources(bench.lines.logger()).states.sources
    }

    @Test(arguments: [(8, true), (16, false)])
    func `a list has no more levels than the settings allow`(depth: Int, isTooDeep: Bool) async throws {
        var limits = LimitsSettings()
        limits.jsonDepth = depth
        try await withFinderBench { bench in
            let server = try await FakeHTTPServer.start { _ in .text(#"["wss://a.example",[[[[[[[[]]]]]]]]]"#) }
            let outcome = try await finder(bench, [server.url()], limits: limits).run()
            #expect(outcome.errors == (isTooDeep ? ["\(server.url()): too_deep"] : []))
            #expect(try await bench.relays() == (isTooDeep ? [] : ["wss://a.example"]))
            await server.stop()
        }
    }

    @Test func `the relays of a good source land with their source; one that fails shows and stops nothing`()
        async throws
    {
        try await withFinderBench { bench in
            let server = try await FakeHTTPServer.start { request in
                request.path == "/bad"
                    ? .text("<html></html>")
                    : .text(#"["wss://A.example/","wss://a.example","ws://b.example","wss://a.example","junk",7]"#)
            }
            let (bad, good) = (server.url("/bad"), server.url("/good"))
            let finder = finder(bench, [bad, good])
            let outcome = try await finder.run()
            // An outside source that fails is ordinary: neither the cycle nor readiness fails with it.
            #expect(outcome.success)
            #expect(outcome.errors == ["\(bad): not_json"])
            #expect(outcome.metrics["relays_found"] == 2 && outcome.metrics["sources_failed"] == 1)
            #expect(outcome.metrics["urls_read"] == 6 && outcome.metrics["events_scanned"] == 0)
            #expect(outcome.metrics["mentions_rejected"] == 2)
            #expect(try await bench.relays() == ["ws://b.example", "wss://a.example"])
            #expect(
                try await bench.candidates() == [
                    "ws://b.example \(good) strings 1 0", "wss://a.example \(good) strings 1 0",
                ])
            #expect(
                try await bench.texts("SELECT concat_ws(' ', spelling, source, n) FROM relay_spellings").sorted() == [
                    "ws://b.example \(good) 1", "wss://A.example/ \(good) 1", "wss://a.example \(good) 1",
                ])
            let shown = await finder.state.sources
            #expect(shown == (try await states(bench)))
            #expect(shown.map(\.url) == [bad, good])
            #expect(shown.map(\.lastError) == ["not_json", nil] && shown.map(\.failures) == [1, 0])
            #expect(shown.last?.urls == 5)
            let metrics = bench.metrics.text()
            #expect(metrics.contains(#"outcome="not_json",source="\#(bad)"} 1"#))
            #expect(metrics.contains(#"bigbrotr_finder_source_failures{source="\#(bad)"} 1"#))
            #expect(metrics.contains(#"bigbrotr_finder_relays_found_total{source="\#(good)"} 2"#))
            #expect(bench.lines.messages.count { $0 == "source_failed" } == 1)
            await server.stop()
        }
    }

    @Test func `what is known of a source outlives the process`() async throws {
        try await withFinderBench { bench in
            let server = try await FakeHTTPServer.start { request in
                request.path == "/busy"
                    ? .answer(429, ["Retry-After: 5000"])
                    : request.headers["if-none-match"] == "\"1\""
                        ? .bytes(Reply.head(304)) : .text(#"["wss://a.example"]"#, ["ETag: \"1\""])
            }
            let urls = [server.url("/list"), server.url("/busy")]
            #expect(try await finder(bench, urls).run().success)
            #expect(server.requests.map(\.path) == ["/list", "/busy"])
            // The next process asks with what the first one was told, and keeps away where it was asked to.
            let outcome = try await finder(bench, urls).run()
            #expect(outcome.success && outcome.errors.isEmpty)
            #expect(server.requests.map(\.path) == ["/list", "/busy", "/list"])
            #expect(server.requests.last?.headers["if-none-match"] == "\"1\"")
            #expect(try await bench.candidates() == ["wss://a.example \(urls[0]) strings 1 0"])
            let kept = try await states(bench)
            #expect(kept.first?.etag == "\"1\"" && kept.last?.lastError == "rate_limited")
            // Where there is a cooldown, a restart is no way around it.
            let rested = try await states(bench)
            _ = try await finder(bench, urls) { $0.api.sources[0].cooldown = 500 }.run()
            #expect(server.requests.count == 4)
            #expect(try await finder(bench, urls).run().success)
            #expect(server.requests.count == 4)
            #expect(try await states(bench).first?.notBefore ?? 0 > rested.first?.notBefore ?? 0)
            await server.stop()
        }
    }

    @Test func `a failure between the answer and the commit leaves neither relays nor state`() async throws {
        try await withFinderBench { bench in
            let server = try await FakeHTTPServer.start { _ in .text(#"["wss://a.example"]"#, ["ETag: \"1\""]) }
            for table in ["relay_candidates", "service_state"] {
                try await bench.database.server.run(Self.fault(on: table), database: bench.database.name)
                let outcome = try await finder(bench, [server.url()]).run()
                #expect(!outcome.success && outcome.steps.map(\.success) == [true, false, true])
                #expect(try await bench.relays() == [])
                #expect(try await states(bench) == [])
                try await bench.database.server.run("DROP FUNCTION fault CASCADE", database: bench.database.name)
            }
            #expect(try await finder(bench, [server.url()]).run().success)
            // Asked as if for the first time.
            #expect(server.requests.allSatisfy { $0.headers["if-none-match"] == nil })
            #expect(try await bench.candidates() == ["wss://a.example \(server.url()) strings 1 0"])
            #expect(try await states(bench).first?.etag == "\"1\"")
            await server.stop()
        }
    }

    /// Nothing is written to a table; in `service_state` to the row of the sources.
    private static func fault(on table: String) -> String {
        """
        DO $do$ BEGIN
            CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'fault' USING ERRCODE = '57014'; END $$;
            CREATE TRIGGER fault BEFORE INSERT ON \(table) FOR EACH ROW
                WHEN (to_jsonb(NEW) ->> 'service_name' IS DISTINCT FROM 'finder') EXECUTE FUNCTION fault();
        END $do$
        """
    }

    @Test func `a list that breaks off half way goes on there and counts nothing twice`() async throws {
        try await withFinderBench { bench in
            let urls = (0..<35).map { "wss://r\($0).example" }
            let body = try String(decoding: JSONEncoder().encode(urls), as: UTF8.self)
            let server = try await FakeHTTPServer.start { _ in .text(body, ["ETag: \"1\""]) }
            try await bench.database.server.run(Self.fault(after: 20), database: bench.database.name)
            #expect(!(try await finder(bench, [server.url()]) { $0.insertBatchSize = 10 }.run().success))
            #expect(try await bench.relays().count == 20)
            let half = try #require(try await states(bench).first)
            #expect(half.progress?.done == 20 && half.etag == nil && half.lastListedAt == nil)
            try await bench.database.server.run("DROP FUNCTION fault CASCADE", database: bench.database.name)
            // In parts of another size.
            #expect(try await finder(bench, [server.url()]) { $0.insertBatchSize = 7 }.run().success)
            #expect(server.requests.last?.headers["if-none-match"] == nil)
            #expect(try await bench.relays().count == 35)
            #expect(try await bench.texts("SELECT sum(mentions)::text FROM relay_candidates") == ["35"])
            #expect(try await bench.texts("SELECT sum(n)::text FROM relay_spellings") == ["35"])
            let whole = try #require(try await states(bench).first)
            #expect(whole.progress == nil && whole.etag == "\"1\"")
            await server.stop()
        }
    }

    /// No candidate after so many.
    private static func fault(after count: Int) -> String {
        """
        DO $do$ BEGIN
            CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN
                    IF (SELECT count(*) FROM relay_candidates) >= \(count) THEN
                        RAISE EXCEPTION 'fault' USING ERRCODE = '57014';
                    END IF;
                    RETURN NEW;
                END $$;
            CREATE TRIGGER fault BEFORE INSERT ON relay_candidates FOR EACH ROW EXECUTE FUNCTION fault();
        END $do$
        """
    }

    @Test func `a relay that the database refuses is left out, and the rest is stored`() async throws {
        try await withFinderBench { bench in
            let urls = (0..<9).map { "wss://r\($0).example" }
            let body = try String(decoding: JSONEncoder().encode(urls), as: UTF8.self)
            let server = try await FakeHTTPServer.start { _ in .text(body) }
            try await bench.database.server.run(
                "ALTER TABLE relays ADD CONSTRAINT fault CHECK (relay_url <> 'wss://r4.example')",
                database: bench.database.name)
            let outcome = try await finder(bench, [server.url()]).run()
            #expect(outcome.success && outcome.metrics["mentions_refused"] == 1)
            #expect(try await bench.relays() == urls.filter { $0 != "wss://r4.example" })
            #expect(try await bench.texts("SELECT sum(mentions)::text FROM relay_candidates") == ["8"])
            #expect(try await states(bench).first?.progress == nil)
            #expect(bench.lines.messages.contains("candidates_refused"))
            await server.stop()
        }
    }

    @Test func `whoever lost the lease stores neither`() async throws {
        try await withFinderBench { bench in
            let store = FinderStore(brotr: bench.database.brotr, queryTimeout: .seconds(30))
            let owner = ReplicaID.random()
            let fence = try #require(
                try await bench.database.brotr.claimServiceLease("finder", owner: owner, ttl: .seconds(60)))
            var batch = CandidateBatch()
            batch.add(.init(url: try .parse("wss://a.example"), spellings: ["wss://a.example"]), slot: "strings")
            var states = APISourceStates()
            states.sources = [APISourceState(url: "http://a.test/")]
            await #expect(throws: CandidateError.leaseLost) {
                _ = try await store.commit(
                    batch, source: "http://a.test/", states: states, owner: owner, fence: fence - 1)
            }
            #expect(try await bench.relays() == [])
            #expect(try await self.states(bench) == [])
            let found = try await store.commit(
                batch, source: "http://a.test/", states: states, owner: owner, fence: fence)
            #expect(found == 1)
            #expect(try await self.states(bench) == states.sources)
        }
    }

    @Test func `the end of the service does not wait for a source`() async throws {
        try await withFinderBench { bench in
            let server = try await FakeHTTPServer.start { _ in .stall([]) }
            let shutdown = ShutdownSignal()
            let finder = finder(bench, [server.url("/1"), server.url("/2")], shutdown: shutdown) {
                for index in $0.api.sources.indices { $0.api.sources[index].timeout = 600 }
            }
            let cycle = Task { try await finder.run() }
            try await eventually("the request arrives") { server.requests.count == 1 }
            shutdown.request()
            #expect(try await cycle.value.success)
            #expect(server.requests.count == 1)
            #expect(try await states(bench) == [])
            try await eventually("the connection is given up") { server.openCount == 0 }
            await server.stop()
        }
    }

    @Test func `no redirect and no source leads home unless local addresses are allowed`() async throws {
        try await withFinderBench { bench in
            let server = try await FakeHTTPServer.start { request in
                request.path == "/inside" ? .redirect("http://169.254.169.254/latest") : .text(#"["wss://a.example"]"#)
            }
            let closed = bench.finder {
                $0.api.enabled = true
                $0.api.sources = [DirectorySource(url: server.url("/home"))]
            }
            _ = try await closed.run()
            #expect(server.requests.isEmpty)
            #expect(try await states(bench).map(\.lastError) == ["address_forbidden"])
            _ = try await finder(bench, [server.url("/inside"), server.url("/loop")]).run()
            #expect(try await states(bench).map(\.lastError) == ["address_forbidden", nil])
            #expect(try await bench.relays() == ["wss://a.example"])
            await server.stop()
        }
    }

    @Test func `what is switched off is not asked`() async throws {
        try await withFinderBench { bench in
            let server = try await FakeHTTPServer.start { _ in .text("[]") }
            let urls = [server.url("/off"), server.url("/on")]
            _ = try await finder(bench, urls) { $0.api.sources[0].enabled = false }.run()
            #expect(server.requests.map(\.path) == ["/on"])
            let outcome = try await finder(bench, urls) { $0.api.enabled = false }.run()
            #expect(outcome.steps.map(\.name) == ["event_scan", "ranking"])
            #expect(server.requests.count == 1)
            await server.stop()
        }
    }

    @Test func `a long list of relays and junk is stored whole`() async throws {
        try await withFinderBench { bench in
            var random = SplitMix64(seed: 51)
            let lines = (0..<3_000).map { number in
                switch Int.random(in: 0..<4, using: &random) {
                case 0: "wss://10.0.0.\(number % 250)\u{0}"
                case 1: "https://r\(number).example"
                default: "wss://R\(number % 700).example\(number % 3 == 0 ? "/" : "")"
                }
            }
            let server = try await FakeHTTPServer.start { _ in .text(lines.joined(separator: "\n")) }
            let outcome = try await finder(bench, [server.url()]) { $0.api.sources[0].shape = .text }.run()
            #expect(outcome.success)
            let good = lines.filter { $0.hasPrefix("wss://R") }
            let relays = Set(good.map { $0.lowercased().split(separator: "/").last.map(String.init) ?? "" })
            #expect(try await bench.relays().count == relays.count)
            #expect(outcome.metrics["mentions_rejected"] == .count(Int64(lines.count - good.count)))
            #expect(try await bench.texts("SELECT count(*)::text FROM relay_spellings") == ["\(Set(good).count)"])
            #expect(
                try await bench.texts("SELECT concat_ws(' ', slot, max(mentions)) FROM relay_candidates GROUP BY slot")
                    == ["text 1"])
            await server.stop()
        }
    }
}
