import Glibc
import NIOConcurrencyHelpers
import Settings
import Support
import Testing

@testable import Finder
@testable import Net

/// One request to a server that plays every shape and every fault.
@Suite struct APISourceReaderTests {
    typealias Reply = FakeHTTPServer.Reply

    private func source(_ url: String, _ change: (inout DirectorySource) -> Void = { _ in }) -> DirectorySource {
        var source = DirectorySource(url: url)
        source.timeout = 120
        source.maxBytes = .kibibytes(256)
        change(&source)
        return source
    }

    private func ask(
        _ source: DirectorySource, _ state: APISourceState? = nil, now: Int64 = 1_000, allowsLocal: Bool = true,
        caFile: String? = nil
    ) async throws -> APISourceResult {
        let fetcher = try HTTPFetcher(
            guard: AddressGuard(allowsLocal: allowsLocal), tls: TLSSettings(caFile: caFile), mostTransfers: 1)
        let reader = APISourceReader(networks: NetworksSettings()) { request async throws(FetchError) in
            try await fetcher.fetch(request)
        }
        let result = try await reader.ask(source, state ?? APISourceState(url: source.url), now: now)
        await fetcher.close()
        return result
    }

    private func ask(
        _ reply: Reply, _ change: (inout DirectorySource) -> Void = { _ in }
    ) async throws -> APISourceResult {
        let server = try await FakeHTTPServer.start { _ in reply }
        let result = try await ask(source(server.url(), change))
        await server.stop()
        return result
    }

    @Test(arguments: [
        (SourceShape.strings, nil, #"["wss://a.test","wss://b.test"]"#),
        (.objects, "data[].url", #"{"data":[{"url":"wss://a.test","n":1},{"url":"wss://b.test"}]}"#),
        (.nostrWatchV2, nil, #"{"relays":["wss://a.test","wss://b.test"]}"#),
        (.text, nil, "# list\r\nwss://a.test\r\nwss://b.test\n"),
    ])
    func `each shape is read`(shape: SourceShape, path: String?, body: String) async throws {
        let result = try await ask(.text(body)) { ($0.shape, $0.path) = (shape, path) }
        #expect(result.urls == ["wss://a.test", "wss://b.test"])
        #expect(result.outcome == "listed" && !result.isFailure)
        #expect(result.state.urls == 2 && result.state.lastListedAt == 1_000 && result.state.notBefore == 1_300)
    }

    @Test(arguments: [
        (Reply.text("<html>wss://a.test</html>"), "not_json"), (.answer(404), "status_404"),
        (.answer(204), "status_204"), (.bytes(Reply.head(304)), "status_304"), (.answer(500), "status_500"),
        (.reset(Reply.head(200, ["Content-Length: 9"]) + [0x5B]), "connection_lost"),
        (.endless(Reply.head() + [0x5B], block: Array(#""wss://a.test","#.utf8)), "body_too_large"),
        (.redirect("http://169.254.169.254/latest"), "address_forbidden"), (.redirect("/"), "too_many_redirects"),
        (.text(String(repeating: "[", count: 100_000)), "too_deep"), (.text(#"{"error":"gone"}"#), "unexpected_shape"),
        (.text(#"["wss://a.test""#), "not_json"), (.bytes(Array("SSH-2.0-x\r\n".utf8)), "protocol_violation"),
        (.answer(200, ["Content-Encoding: gzip"], body: [1, 2, 3]), "bad_encoding"),
    ])
    func `each fault has its name, and nothing of the answer counts`(reply: Reply, outcome: String) async throws {
        let result = try await ask(reply)
        #expect(result.outcome == outcome)
        #expect(result.urls.isEmpty)
        #expect(result.state.lastError == outcome && result.state.failures == 1)
        #expect(result.state.etag == nil && result.state.lastListedAt == nil)
    }

    @Test func `silence and a slow body end at the source's timeout`() async throws {
        for reply in [Reply.stall([]), .drip(Reply.head() + [0x5B, 0x20], every: .milliseconds(10))] {
            #expect(try await ask(reply) { $0.timeout = 0.4 }.outcome == "timeout")
        }
    }

    @Test func `a gzip bomb ends at the source's limit`() async throws {
        let bomb = Reply.answer(200, ["Content-Encoding: gzip"], body: GzipSample.bomb(count: 260_000))
        #expect(try await ask(bomb).outcome == "body_too_large")
    }

    @Test(arguments: [
        (TestCertificates.valid, "listed"), (.expired, "certificate_expired"), (.otherHost, "hostname_mismatch"),
        (.notYetValid, "certificate_not_yet_valid"), (.selfSigned, "certificate_untrusted"),
    ])
    func `every certificate is checked`(certificate: TestCertificates, outcome: String) async throws {
        let server = try await FakeHTTPServer.start(tls: certificate) { _ in .text(#"["wss://a.test"]"#) }
        let authority = try TestCertificates.writeAuthority()
        defer { unlink(authority) }
        let result = try await ask(source(server.url()), caFile: authority)
        #expect(result.outcome == outcome)
        #expect(result.urls == (outcome == "listed" ? ["wss://a.test"] : []))
        await server.stop()
    }

    @Test func `nobody there, an overlay host without a proxy, and a home address are told`() async throws {
        let server = try await FakeHTTPServer.start { _ in .text("[]") }
        #expect(try await ask(source(server.url()), allowsLocal: false).outcome == "address_forbidden")
        #expect(server.requests.isEmpty)
        await server.stop()
        #expect(try await ask(source(server.url())).outcome == "connection_refused")
        #expect(try await ask(source("http://a.onion/")).outcome == "no_proxy")
    }

    @Test func `an overlay host is asked through its proxy`() async throws {
        var networks = NetworksSettings()
        networks.tor.proxy = "socks5://127.0.0.1:9050"
        let asked = NIOLockedValueBox<[Int?]>([])
        let reader = APISourceReader(networks: networks) { request async throws(FetchError) in
            asked.withLockedValue { $0.append(request.proxy?.address.port) }
            throw FetchError(.timeout)
        }
        for url in ["http://a.onion/", "http://a.example/"] {
            #expect(try await reader.ask(source(url), APISourceState(url: url), now: 0).outcome == "timeout")
        }
        #expect(asked.withLockedValue { $0 } == [9_050, nil])
    }

    @Test func `a source may take its whole time and its whole size, and no more`() async throws {
        let asked = NIOLockedValueBox<[HTTPLimits]>([])
        let reader = APISourceReader(networks: NetworksSettings()) { request async throws(FetchError) in
            asked.withLockedValue { $0.append(request.limits) }
            throw FetchError(.timeout)
        }
        let slow = source("http://a.example/") { ($0.timeout, $0.maxBytes) = (300, .kibibytes(9)) }
        _ = try await reader.ask(slow, APISourceState(url: slow.url), now: 0)
        let limits = try #require(asked.withLockedValue { $0.first })
        #expect(limits.total == .seconds(300) && limits.connect == .seconds(300) && limits.slowFor >= limits.total)
        #expect(limits.bodyBytes == 9 << 10)
    }

    @Test func `a list that has not changed is not sent again`() async throws {
        let server = try await FakeHTTPServer.start { request in
            request.headers["if-none-match"] == "\"1\"" && request.headers["if-modified-since"] == "then"
                ? .bytes(Reply.head(304))
                : .text(#"["wss://a.test","wss://a.test/"]"#, ["ETag: \"1\"", "Last-Modified: then"])
        }
        let first = try await ask(source(server.url()), now: 1_000)
        #expect(first.outcome == "listed" && first.urls == ["wss://a.test", "wss://a.test/"])
        let second = try await ask(source(server.url()), first.state, now: 1_300)
        #expect(second.outcome == "not_modified" && second.urls.isEmpty && !second.isFailure)
        #expect(second.state.lastListedAt == 1_300 && second.state.urls == 2)
        // Another form of reading asks for the whole list.
        let other = try await ask(source(server.url()) { $0.shape = .nostrWatchV2 }, second.state, now: 9_999)
        #expect(other.outcome == "listed")
        await server.stop()
    }

    /// Version 2 of nostr.watch over so many relays, as its code answers.
    private static func pages(
        of total: Int, most: Int = 200, failingAt failing: Int? = nil
    ) -> @Sendable (FakeHTTPServer.Request) -> Reply {
        { request in
            let query = request.path.split(separator: "?").last?.split(separator: "&") ?? []
            let number = { (name: String) in
                query.first { $0.hasPrefix(name) }.flatMap { Int($0.dropFirst(name.count)) }
            }
            let (limit, offset) = (min(number("limit=") ?? 50, most), number("offset=") ?? 0)
            if offset == failing { return .answer(429, ["Retry-After: 5000"]) }
            let urls = (offset..<max(offset, min(offset + limit, total))).map { #""wss://r\#($0).test""# }
            let list = urls.joined(separator: ",")
            return .text(#"{"relays":[\#(list)],"total":\#(total),"limit":\#(limit),"offset":\#(offset)}"#, ["ETag: 1"])
        }
    }

    @Test(arguments: [
        ("/relays?format=simple", 200, 450, 450, 4), ("/relays?format=simple", 60, 450, 450, 9),
        ("/relays?format=simple&limit=50", 200, 120, 120, 4), ("/relays", 200, 0, 0, 1),
        ("/relays?format=simple&offset=100", 200, 450, 50, 1),
    ])
    func `a list in several answers is read to its end`(
        path: String, most: Int, total: Int, read: Int, requests: Int
    ) async throws {
        let server = try await FakeHTTPServer.start(answer: Self.pages(of: total, most: most))
        let result = try await ask(source(server.url(path)) { $0.shape = .nostrWatchV2 })
        #expect(result.outcome == "listed" && result.state.urls == read)
        #expect(Set(result.urls).count == read && result.urls.count == read)
        #expect(server.requests.count == requests)
        // The ETag of one answer of several would hide what is new in the others.
        #expect(result.state.etag == (requests == 1 ? "1" : nil))
        await server.stop()
    }

    @Test func `what came before a failure counts, and the source has failed`() async throws {
        let server = try await FakeHTTPServer.start(answer: Self.pages(of: 450, failingAt: 400))
        let result = try await ask(source(server.url("/relays")) { $0.shape = .nostrWatchV2 })
        #expect(result.outcome == "rate_limited" && result.isFailure && result.urls.count == 400)
        #expect(result.state.notBefore == 6_000 && result.state.lastListedAt == nil)
        await server.stop()
    }

    @Test func `a server that knows of no pages is asked twice, and time and size are those of the list`() async throws
    {
        let asked = NIOLockedValueBox<[HTTPRequest]>([])
        let reader = APISourceReader(networks: NetworksSettings()) { request async throws(FetchError) in
            asked.withLockedValue { $0.append(request) }
            var times = HTTPTimes()
            times.total = .seconds(50)
            return HTTPAnswer(
                status: 200, headers: HTTPAnswerHeaders(), body: Array(#"{"relays":["wss://a.test"]}"#.utf8),
                url: request.url, redirects: 0, times: times)
        }
        let list = source("http://a.example/relays") { $0.shape = .nostrWatchV2 }
        let result = try await reader.ask(list, APISourceState(url: list.url), now: 0)
        #expect(result.outcome == "listed" && result.urls == ["wss://a.test"])
        let requests = asked.withLockedValue { $0 }
        #expect(requests.map(\.url) == ["limit=200", "limit=200&offset=1"].map { "http://a.example/relays?\($0)" })
        #expect(requests.map(\.limits.total) == [.seconds(120), .seconds(70)])
        #expect(requests.map(\.limits.bodyBytes) == [256 << 10, (256 << 10) - 27])
    }

    @Test func `a busy source is left alone for as long as it asks`() async throws {
        let result = try await ask(.answer(429, ["Retry-After: 5000"]))
        #expect(result.outcome == "rate_limited" && result.state.notBefore == 6_000)
        #expect(try await ask(.answer(503)).state.notBefore == 1_300)
    }

    @Test func `cancellation is no failure of a source`() async throws {
        let reader = APISourceReader(networks: NetworksSettings()) { _ async throws(FetchError) in
            throw FetchError(.cancelled)
        }
        await #expect(throws: CancellationError.self) {
            try await reader.ask(source("http://a.test/"), APISourceState(url: "http://a.test/"), now: 0)
        }
    }
}
