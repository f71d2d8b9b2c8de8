import Settings
import Support
import Testing

@testable import Net

@Suite struct HTTPFetcherTests {
    typealias Reply = FakeHTTPServer.Reply

    private func fetcher(
        allowsLocal: Bool = true, resolver: any AddressResolver = FixedResolver(["127.0.0.1"]),
        tls: TLSSettings = TLSSettings(), mostTransfers: Int = 128
    ) throws -> HTTPFetcher {
        try HTTPFetcher(
            resolver: resolver, guard: AddressGuard(allowsLocal: allowsLocal), tls: tls, mostTransfers: mostTransfers)
    }

    /// Limits that tell an end from none on a busy machine.
    private func limits(_ change: (inout HTTPLimits) -> Void = { _ in }) -> HTTPLimits {
        var limits = HTTPLimits()
        limits.total = .seconds(120)
        limits.connect = .seconds(60)
        limits.slowFor = .seconds(60)
        change(&limits)
        return limits
    }

    private func outcome(
        _ reply: Reply, limits: HTTPLimits? = nil, fetcher: HTTPFetcher? = nil
    ) async throws -> Result<HTTPAnswer, FetchError> {
        let server = try await FakeHTTPServer.start { _ in reply }
        let result = await outcome(server.url(), limits ?? self.limits(), try fetcher ?? self.fetcher())
        await server.stop()
        return result
    }

    private func outcome(
        _ url: String, _ limits: HTTPLimits, _ fetcher: HTTPFetcher, proxy: ProxySettings? = nil
    ) async -> Result<HTTPAnswer, FetchError> {
        do throws(FetchError) {
            return .success(try await fetcher.fetch(HTTPRequest(url: url, proxy: proxy, limits: limits)))
        } catch { return .failure(error) }
    }

    private func kind(_ reply: Reply, limits: HTTPLimits? = nil) async throws -> FetchError.Kind? {
        if case .failure(let error) = try await outcome(reply, limits: limits) { error.kind } else { nil }
    }

    @Test func `an answer has its body, its headers and its place`() async throws {
        let server = try await FakeHTTPServer.start { _ in
            .text(
                "[1]",
                [
                    "ETag: \"a\"", "last-modified: Sun, 06 Nov 1994 08:49:37 GMT", "Content-Type:  application/json ",
                    "Retry-After: 120", "Set-Cookie: a=b",
                ])
        }
        let fetcher = try fetcher()
        let request = HTTPRequest(
            url: server.url("/x?y=1#z"), headers: [("Accept", "application/nostr+json")], limits: limits())
        for _ in 1...2 {
            let answer = try await fetcher.fetch(request)
            #expect(answer.status == 200)
            #expect(answer.body == Array("[1]".utf8))
            #expect(answer.url == server.url("/x?y=1"))
            #expect(answer.redirects == 0)
            #expect(answer.headers.etag == "\"a\"")
            #expect(answer.headers.lastModified == "Sun, 06 Nov 1994 08:49:37 GMT")
            #expect(answer.headers.contentType == "application/json")
            #expect(answer.headers.retryAfter == .seconds(120))
            #expect(answer.times.total >= answer.times.firstByte)
        }
        let asked = try #require(server.requests.last)
        #expect(asked.path == "/x?y=1")
        #expect(asked.headers["accept"] == "application/nostr+json")
        #expect(asked.headers["user-agent"] == "bigbrotr")
        #expect(asked.headers["cookie"] == nil)
        await server.stop()
        await fetcher.close()
    }

    @Test func `what is known already is answered by 304`() async throws {
        let server = try await FakeHTTPServer.start { request in
            request.headers["if-none-match"] == "\"a\"" && request.headers["if-modified-since"] == "then"
                ? .bytes(Reply.head(304)) : .text("new")
        }
        let fetcher = try fetcher()
        var request = HTTPRequest(url: server.url(), limits: limits())
        #expect(try await fetcher.fetch(request).isSuccess)
        (request.etag, request.lastModified) = ("\"a\"", "then")
        let answer = try await fetcher.fetch(request)
        #expect(answer.isNotModified)
        #expect(answer.body.isEmpty)
        await server.stop()
    }

    @Test func `a gzip body is inflated, and what is not gzip is told`() async throws {
        let fields = ["Content-Encoding: gzip"]
        let good = Reply.answer(200, fields, body: GzipSample.stored(Array("[\"a\"]".utf8)))
        #expect(try await outcome(good).get().body == Array("[\"a\"]".utf8))
        #expect(try await kind(.answer(200, fields, body: Array("[\"a\"]".utf8))) == .badEncoding)
    }

    @Test func `a gzip bomb ends at the limit`() async throws {
        let bomb = GzipSample.bomb(count: 260_000)
        let reply = Reply.answer(200, ["Content-Encoding: gzip"], body: bomb)
        #expect(bomb.count < 1 << 20)
        #expect(try await kind(reply, limits: limits { $0.bodyBytes = 1 << 20 }) == .bodyTooLarge)
        // The same body is whole where there is room for it, but for its checksum.
        #expect(try await kind(reply, limits: limits { $0.bodyBytes = 1 << 27 }) == .badEncoding)
    }

    @Test func `a body is whole at its limit and refused one byte above, announced or not`() async throws {
        let body = [UInt8](repeating: 0x61, count: 1_000)
        let exact = limits { $0.bodyBytes = 1_000 }
        let less = limits { $0.bodyBytes = 999 }
        for reply in [Reply.answer(body: body), .bytes(Reply.head() + body)] {
            #expect(try await outcome(reply, limits: exact).get().body == body)
            #expect(try await kind(reply, limits: less) == .bodyTooLarge)
        }
    }

    @Test(arguments: ["", "Transfer-Encoding: chunked"])
    func `a body without end ends at the limit`(field: String) async throws {
        let text =
            field.isEmpty ? String(repeating: "x", count: 4_096) : "1000\r\n\(String(repeating: "x", count: 4_096))\r\n"
        let reply = Reply.endless(Reply.head(200, field.isEmpty ? [] : [field]), block: Array(text.utf8))
        #expect(try await kind(reply, limits: limits { $0.bodyBytes = 100_000 }) == .bodyTooLarge)
    }

    @Test func `a body that drips is too slow`() async throws {
        let reply = Reply.drip(Reply.head() + [0x61], every: .milliseconds(20))
        #expect(try await kind(reply, limits: limits { $0.slowFor = .seconds(1) }) == .tooSlow)
    }

    @Test(arguments: [Reply.stall([]), .stall(Array("HTTP/1.1 200 O".utf8)), .stall(Reply.head() + [0x5B])])
    func `silence ends at the deadline`(reply: Reply) async throws {
        #expect(try await kind(reply, limits: limits { $0.total = .milliseconds(300) }) == .timeout)
    }

    @Test func `head lines without end are refused`() async throws {
        let lines = Reply.endless(Array("HTTP/1.1 200 OK\r\n".utf8), block: Array("X-A: b\r\n".utf8))
        #expect(try await kind(lines) == .headersTooLarge)
        let line = Reply.endless(Array("HTTP/1.1 200 OK\r\nX-A: ".utf8), block: [UInt8](repeating: 0x61, count: 4_096))
        #expect(try await kind(line) == .headersTooLarge)
        let interim = Reply.endless([], block: Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        #expect(try await kind(interim) == .headersTooLarge)
    }

    @Test(arguments: [
        (Reply.reset(Reply.head(200, ["Content-Length: 10"]) + [0x61]), FetchError.Kind.connectionLost),
        (.bytes(Reply.head(200, ["Content-Length: 10"]) + [0x61]), .connectionLost),
        (.bytes(Reply.head(200, ["Transfer-Encoding: chunked"]) + Array("5\r\nab".utf8)), .connectionLost),
        (.bytes([]), .connectionLost), (.bytes(Array("SSH-2.0-x\r\n".utf8)), .protocolViolation),
        (.bytes(Reply.head(200, ["Content-Length: -5"])), .protocolViolation),
        (.bytes(Reply.head(200, ["Content-Length: 99999999999999999999"])), .bodyTooLarge),
    ])
    func `an answer that breaks off or lies is none`(reply: Reply, expected: FetchError.Kind) async throws {
        #expect(try await kind(reply) == expected)
    }

    @Test func `an announced length that is too short cuts the body`() async throws {
        let reply = Reply.bytes(Reply.head(200, ["Content-Length: 2"]) + Array("[1]".utf8))
        #expect(try await outcome(reply).get().body == Array("[1".utf8))
    }

    @Test(arguments: [404, 429, 500, 300, 304])
    func `a status besides success is an answer without its body, which may be endless`(status: Int) async throws {
        let reply = Reply.endless(Reply.head(status, ["Retry-After: 9"]), block: [0x61, 0x61])
        let answer = try await outcome(reply).get()
        #expect(answer.status == status)
        #expect(answer.body.isEmpty)
        #expect(answer.headers.retryAfter == .seconds(9))
    }

    @Test func `a caller that is cancelled in mid body is gone at once`() async throws {
        let server = try await FakeHTTPServer.start { _ in .stall(Reply.head() + [0x61]) }
        let fetcher = try fetcher()
        let task = Task { await self.outcome(server.url(), limits { $0.total = .seconds(3_600) }, fetcher) }
        try await eventually("the request arrives") { server.requests.count == 1 }
        task.cancel()
        #expect(await task.value == .failure(FetchError(.cancelled)))
        try await eventually("the connection is given up") { server.openCount == 0 }
        await server.stop()
    }

    @Test func `closing ends what is under way and what comes after`() async throws {
        let server = try await FakeHTTPServer.start { _ in .stall([]) }
        let fetcher = try fetcher(mostTransfers: 1)
        let tasks = (1...3).map { _ in Task { await self.outcome(server.url(), limits(), fetcher) } }
        try await eventually("the request arrives") { server.requests.count == 1 }
        await fetcher.close()
        await fetcher.close()
        for task in tasks { #expect(await task.value == .failure(FetchError(.closed))) }
        #expect(await outcome(server.url(), limits(), fetcher) == .failure(FetchError(.closed)))
        try await eventually("the connection is given up") { server.openCount == 0 }
        await server.stop()
    }

    @Test func `a fetcher that nobody holds any more ends its thread`() async throws {
        let server = try await FakeHTTPServer.start { _ in .text("x") }
        weak var loop: CurlLoop?
        do {
            let fetcher = try fetcher()
            loop = fetcher.loop
            #expect(try await fetcher.fetch(HTTPRequest(url: server.url(), limits: limits())).isSuccess)
            #expect(loop != nil)
        }
        // The thread holds its loop for as long as it runs.
        try await eventually("the thread has ended") { loop == nil }
        await server.stop()
    }

    @Test func `fetchers come and go while their callers are cancelled at any moment`() async throws {
        let server = try await FakeHTTPServer.start { request in
            request.path == "/stall" ? .stall(Reply.head() + [0x61]) : .text("x")
        }
        var random = SplitMix64(seed: 50)
        for round in 0..<40 {
            let fetcher = try fetcher(mostTransfers: 3)
            let tasks = (0..<8).map { number in
                Task { await self.outcome(server.url(number % 2 == 0 ? "/stall" : "/\(round)"), limits(), fetcher) }
            }
            for _ in 0..<Int.random(in: 0...200, using: &random) { await Task.yield() }
            for task in tasks.shuffled(using: &random).dropFirst(2) { task.cancel() }
            if round % 2 == 0 { await fetcher.close() }
            for task in tasks { task.cancel() }
            for task in tasks {
                switch await task.value {
                case .success(let answer): #expect(answer.body == [0x78])
                case .failure(let error): #expect([.cancelled, .closed].contains(error.kind))
                }
            }
        }
        try await eventually("every connection is given up") { server.openCount == 0 }
        await server.stop()
    }

    @Test func `two hundred at once are answered, each with its own`() async throws {
        let server = try await FakeHTTPServer.start { .text($0.path) }
        let fetcher = try fetcher()
        let bodies = try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
            for number in 0..<200 {
                group.addTask {
                    let request = HTTPRequest(url: server.url("/\(number)"), limits: self.limits())
                    return (number, try await fetcher.fetch(request).body)
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(bodies == Dictionary(uniqueKeysWithValues: (0..<200).map { ($0, Array("/\($0)".utf8)) }))
        await server.stop()
    }

    @Test func `what finds no place waits for one, at most until its deadline`() async throws {
        let server = try await FakeHTTPServer.start { _ in .stall([]) }
        let fetcher = try fetcher(mostTransfers: 1)
        let first = Task { await self.outcome(server.url(), limits(), fetcher) }
        try await eventually("the request arrives") { server.requests.count == 1 }
        let second = await outcome(server.url(), limits { $0.total = .milliseconds(300) }, fetcher)
        #expect(second == .failure(FetchError(.timeout)))
        #expect(server.requests.count == 1)
        first.cancel()
        _ = await first.value
        await server.stop()
    }
}
