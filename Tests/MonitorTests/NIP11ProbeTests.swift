import Database
import Nostr
import ServiceKit
import Settings
import Support
import Testing

@testable import Monitor

@Suite struct NIP11ProbeTests {
    /// Answers with what it was given.
    private struct Canned: DocumentFetcher {
        var status = 200
        var body = ""
        var failure: DocumentFailure?

        func document(of url: RelayURL, within bounds: DocumentBounds) async throws -> FetchedDocument {
            if let failure { throw failure }
            return FetchedDocument(status: status, body: Array(body.utf8))
        }
    }

    private func run(_ fetcher: Canned) async throws -> NIP11Result {
        try await NIP11Probe(fetcher: fetcher, clock: MonotonicClock(ContinuousClock()))
            .run(try RelayURL.parse("wss://a.example/x?y=1"), within: .seconds(10))
    }

    @Test func `a document, a status, a body that is none and a failure are told apart`() async throws {
        let good = try await run(Canned(body: #"{"name":"a","supported_nips":[1,"x"]}"#))
        #expect(good.document?.texts[.name] == "a" && good.reason == nil && good.status == 200)
        #expect(good.document?.defects == ["supported_nips:element_not_a_number"])
        let absent = try await run(Canned(status: 404, body: #"{"name":"a"}"#))
        #expect(absent.document == nil && absent.reason == "http_404" && absent.status == 404)
        let page = try await run(Canned(body: "<html>"))
        #expect(page.document == nil && page.reason == "not_an_object" && page.status == 200)
        let failed = try await run(Canned(failure: DocumentFailure(kind: "timeout")))
        #expect(failed.document == nil && failed.reason == "timeout" && failed.status == nil)
    }

    @Test(arguments: [
        ("wss://a.example", "https://a.example"), ("ws://a.example:81/x?y=1", "http://a.example:81/x?y=1"),
        ("ws://[2001:db8::1]:81", "http://[2001:db8::1]:81"),
    ])
    func `the document is at the relay's own URL`(relay: String, address: String) throws {
        #expect(NIP11Probe.address(of: try RelayURL.parse(relay)) == address)
    }

    @Test func `documents are stored once, and their absence with its reason`() async throws {
        let relay = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert([relay.url.text, relay.url.text + "/b"])
            let body = #"{"name":"n","supported_nips":[1,"2"],"limitation":{"max_limit":"9"},"x":"a\u0000b"}"#
            let monitor = bench.monitor(makeFetcher: { _, _, _ in Canned(body: body) })
            let outcome = try await bench.cycle(monitor)
            #expect(outcome.metrics["documents"] == 2)
            let row = try await bench.text(
                """
                SELECT concat_ws(' ', name, supported_nips, limitation, extra_fields, defects,
                                 convert_from(raw, 'UTF8') = '\(body)') FROM nip11
                """)
            #expect(
                row == "n {1,2} {\"max_limit\": 9} {\"x\": \"a\u{FFFD}b\"} "
                    + "{supported_nips:element_is_a_string,limitation.max_limit:not_an_integer,document:nul} t")
            _ = try await bench.cycle(bench.monitor(makeFetcher: { _, _, _ in Canned(status: 404) }))
            #expect(
                try await bench.texts("SELECT nip11_error || (nip11_id IS NULL)::text FROM relay_metadata_latest")
                    == ["http_404true", "http_404true"])
            #expect(try await bench.text("SELECT count(*)::text FROM nip11") == "1")
        }
        await relay.stop()
    }

    @Test func `a light check asks for no document, and the last one stays the newest`() async throws {
        let relay = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert([relay.url.text])
            let monitor = bench.monitor(
                { $0.checks.lightPeriod = 60 }, makeFetcher: { _, _, _ in Canned(body: #"{"name":"n"}"#) })
            let checks = """
                SELECT concat_ws(' ', n.document -> 'light', n.openable, n.readable, m.nip11_id IS NULL, m.nip11_error)
                  FROM relay_metadata m JOIN nip66 n ON n.id = m.nip66_id ORDER BY m.generated_at
                """
            for _ in 0..<2 { _ = try await bench.cycle(monitor) }
            #expect(try await bench.texts(checks) == ["t t f", "true t t t not_asked"])
            let latest = "SELECT concat_ws(' ', name, nip11_error, openable) FROM relay_metadata_latest"
            #expect(try await bench.text(latest) == "n t")
            // The time of the next full one has come.
            try await bench.database.pool.execute("UPDATE relay_checks SET full_at = 1")
            let outcome = try await bench.cycle(monitor)
            #expect(outcome.metrics["documents"] == 1)
            #expect(try await bench.texts(checks).last == "t t f")
            // What a light check finds missing is asked for in full.
            _ = try await bench.cycle(monitor)
            await relay.stop()
            for _ in 0..<2 { _ = try await bench.cycle(monitor) }
            #expect(try await bench.texts(checks).suffix(3) == ["true t t t not_asked", "true f t not_asked", "f t"])
            #expect(try await bench.statuses() == ["offline"])
        }
    }

    @Test func `any body that is a document can be stored`() async throws {
        let relay = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert([relay.url.text])
            let bodies = [
                "{", "{}", #"{"name":1e999999,"x":1e-99999,"y":123456789e300}"#, #"{"\u0000":{"\ud800":["\u0000"]}}"#,
                #"{"supported_nips":["# + String(repeating: "7,", count: 120_000) + "8]}",
                #"{"description":""# + String(repeating: "é", count: 130_000) + #""}"#,
                #"{"limitation":{"a":null,"a":2},"fees":{"admission":[{"amount":1e400}]},"defects":[1],"id":2}"#,
            ]
            for body in bodies {
                let outcome = try await bench.cycle(bench.monitor(makeFetcher: { _, _, _ in Canned(body: body) }))
                #expect(outcome.success && outcome.metrics["documents"] == 1, "\(body.prefix(60))")
            }
            #expect(try await bench.text("SELECT count(*)::text FROM nip11") == "\(bodies.count)")
        }
        await relay.stop()
    }
}
