import Crypto
import Database
import Nostr
import ServiceKit
import Settings
import Support
import Telemetry
import Testing

@testable import Finder

/// Names in stored profiles, asked for at a local server over TLS.
@Suite struct NIP05NamesTests {
    private static func finder(
        _ bench: FinderBench, _ authority: String, limits: LimitsSettings = LimitsSettings()
    ) -> FinderService {
        bench.finder(allowsLocal: true, caFile: authority, limits: limits) {
            ($0.nip05.enabled, $0.nip05.recheck, $0.nip05.retry) = (true, 3_600, 0)
        }
    }

    private static func profile(_ name: String, by key: SecretKey, at second: Int64 = 1_700_000_000) -> Event {
        FinderBench.event(kind: 0, #"{"nip05":"\#(name)"}"#, at: second, by: key)
    }

    @Test func `the relays that a confirmed name's document lists become known, as its author's`() async throws {
        let (bob, eve) = (FinderBench.key("bob"), FinderBench.key("eve"))
        let document = #"""
            {"names":{"bob":"\#(bob.publicKey.hex)","eve":"\#(bob.publicKey.hex)"},
             "relays":{"\#(bob.publicKey.hex)":["wss://Home.example/","junk"],
                       "\#(eve.publicKey.hex)":["wss://eve.example"]}}
            """#
        let server = try await FakeHTTPServer.start(tls: .valid) { _ in .text(document) }
        let moved = try await FakeHTTPServer.start(tls: .valid) { _ in
            .bytes(FakeHTTPServer.Reply.head(302, ["Location: \(server.url())"]))
        }
        let authority = try TestCertificates.writeAuthority()
        try await withFinderBench { bench in
            try await bench.store([
                Self.profile("bob@localhost:\(server.port)", by: bob),
                Self.profile("eve@localhost:\(server.port)", by: eve),
                Self.profile("mallory@localhost:\(moved.port)", by: FinderBench.key("mallory")),
                Self.profile("nobody", by: FinderBench.key("nobody")),
            ])
            // One name a domain and cycle; the other one's turn comes.
            for round in 1...2 {
                let outcome = try await Self.finder(bench, authority).run()
                #expect(outcome.success, "\(outcome.errors)")
                #expect(server.requests.count == round)
            }
            #expect(
                server.requests.map(\.path).sorted() == ["bob", "eve"].map { "/.well-known/nostr.json?name=\($0)" })
            #expect(try await bench.candidates() == ["wss://home.example events nip05 1 1"])
            #expect(try await bench.texts("SELECT spelling FROM relay_spellings") == ["wss://Home.example/"])
            #expect(
                try await bench.texts("SELECT concat_ws(' ', name, last_error) FROM nip05_names").sorted()
                    == ["bob", "eve other_author", "mallory too_many_redirects"])
            #expect(bench.metrics.text().contains(#"bigbrotr_finder_nip05_requests_total{outcome="confirmed"} 1"#))
            // Answered names rest, the failed one is tried again.
            _ = try await Self.finder(bench, authority).run()
            #expect(server.requests.count == 2 && moved.requests.count == 3)
        }
        await server.stop()
        await moved.stop()
    }

    @Test func `a document has no more levels than the settings allow`() async throws {
        let bob = FinderBench.key("bob")
        let document = #"{"names":{"bob":"\#(bob.publicKey.hex)"},"x":[[[[[[[[]]]]]]]]}"#
        let server = try await FakeHTTPServer.start(tls: .valid) { _ in .text(document) }
        let authority = try TestCertificates.writeAuthority()
        var limits = LimitsSettings()
        limits.jsonDepth = 8
        try await withFinderBench { bench in
            try await bench.store([Self.profile("bob@localhost:\(server.port)", by: bob)])
            _ = try await Self.finder(bench, authority, limits: limits).run()
            #expect(try await bench.texts("SELECT last_error FROM nip05_names") == ["not_json"])
            _ = try await Self.finder(bench, authority).run()
            #expect(try await bench.texts("SELECT coalesce(last_error, 'none') FROM nip05_names") == ["none"])
        }
        await server.stop()
    }

    @Test func `switched off it notes no names and asks nobody`() async throws {
        try await withFinderBench { bench in
            try await bench.store([Self.profile("bob@example.com", by: FinderBench.key("bob"))])
            #expect(try await bench.finder().run().success)
            #expect(try await bench.texts("SELECT name FROM nip05_names") == [])
        }
    }
}
