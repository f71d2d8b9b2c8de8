import Foundation
import Net
import Nostr
import ServiceKit
import Settings
import Support
import Testing

@testable import Monitor

/// Information documents over real HTTP, from servers that are no relays: what they say is kept all the same.
@Suite struct HTTPDocumentsTests {
    private typealias Reply = FakeHTTPServer.Reply

    /// What a check stored of a server: the document's name and defects, and why there is none.
    private func check(
        _ reply: FakeHTTPServer.Reply, path: String = "/", timeout: Double = 30,
        _ change: @escaping (inout CheckSettings) -> Void = { _ in },
        core: (inout CoreSettings) -> Void = { _ in }
    ) async throws -> (stored: String, requests: [FakeHTTPServer.Request]) {
        let server = try await FakeHTTPServer.start { request in
            // The upgrade is refused; only what asks for the document gets the answer.
            request.headers["accept"] == "application/nostr+json" ? reply : .answer(400)
        }
        var stored = ""
        try await withMonitorBench { bench in
            try await bench.insert(["ws://127.0.0.1:\(server.port)\(path)"])
            let monitor = bench.monitor(
                {
                    $0.checks.nip11Timeout = .init(timeout) ?? 1
                    change(&$0.checks)
                }, core: core, makeFetcher: MonitorPartsMaker.overHTTP)
            #expect(try await bench.cycle(monitor).success)
            stored = try await bench.text(
                "SELECT concat_ws(' ', nip66_error, name, defects, nip11_error) FROM relay_metadata_latest")
        }
        await server.stop()
        return (stored, server.requests)
    }

    @Test func `a document is fetched from the relay's own URL and stored`() async throws {
        let found = try await check(.text(#"{"name":"n","supported_nips":1}"#), path: "/a?b=c")
        #expect(found.stored == "upgrade_refused n {supported_nips:not_a_list}")
        #expect(found.requests.allSatisfy { $0.path == "/a?b=c" } && found.requests.count == 2)
    }

    @Test func `what is no document has its reason`() async throws {
        #expect(try await check(.answer(404)).stored == "upgrade_refused http_404")
        #expect(try await check(.text("<html>")).stored == "upgrade_refused not_an_object")
        #expect(try await check(.reset([])).stored == "upgrade_refused connection_lost")
    }

    @Test func `a body without end, a bomb, one that drips and a silent one end at their bounds`() async throws {
        let block = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 16)
        #expect(try await check(.endless(Reply.head(), block: block)).stored == "upgrade_refused body_too_large")
        let bomb = Reply.answer(200, ["Content-Encoding: gzip"], body: GzipSample.bomb(count: 20_000))
        #expect(try await check(bomb).stored == "upgrade_refused body_too_large")
        let drip = Reply.drip(Reply.head() + Array("{ ".utf8), every: .milliseconds(5))
        #expect(try await check(drip, timeout: 0.5).stored == "upgrade_refused timeout")
        #expect(try await check(.stall([]), timeout: 0.5).stored == "upgrade_refused timeout")
    }

    @Test func `redirects are followed a few times and to the web only`() async throws {
        #expect(try await check(.redirect("/again")).stored == "upgrade_refused too_many_redirects")
        #expect(try await check(.redirect("file:///etc/passwd")).stored == "upgrade_refused bad_redirect")
    }

    @Test func `size, levels and redirects are bounded by the settings`() async throws {
        let large = Reply.text(#"{"name":"n","description":""# + String(repeating: "x", count: 2_000) + #""}"#)
        #expect(try await check(large).stored == "upgrade_refused n {}")
        #expect(try await check(large, { $0.nip11Bytes = .kibibytes(1) }).stored == "upgrade_refused body_too_large")
        let deep = Reply.text(#"{"name":"n","x":[[[[[[[[]]]]]]]]}"#)
        #expect(try await check(deep).stored == "upgrade_refused n {}")
        let shallow = try await check(deep, core: { $0.limits.jsonDepth = 8 })
        #expect(shallow.stored == "upgrade_refused {document:too_deep}")
        for most in [0, 2] {
            let found = try await check(.redirect("/again"), { $0.nip11Redirects = most })
            #expect(found.stored == "upgrade_refused too_many_redirects")
            // Beside the upgrade: the document, and what it led to.
            #expect(found.requests.count == 2 + most)
        }
    }

    @Test func `no road leads to an address that may not be contacted`() async throws {
        let server = try await FakeHTTPServer.start { _ in .text("{}") }
        let documents = try HTTPDocuments(networks: .init(), tls: .init(), mostTransfers: 1)
        await #expect(throws: DocumentFailure(kind: "address_forbidden")) {
            _ = try await documents.document(
                of: try RelayURL.parse("ws://127.0.0.1:\(server.port)"),
                within: DocumentBounds(bytes: 100, redirects: 3, time: .seconds(10)))
        }
        #expect(server.requests.isEmpty)
        await server.stop()
    }
}
