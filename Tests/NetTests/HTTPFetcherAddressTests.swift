import Glibc
import Settings
import Support
import Testing

@testable import Net

/// Where a fetch may lead: redirects, addresses, certificates, proxies.
@Suite struct HTTPFetcherAddressTests {
    typealias Reply = FakeHTTPServer.Reply

    private func failure(
        _ url: String, _ fetcher: HTTPFetcher, proxy: ProxySettings? = nil
    ) async -> FetchError? {
        var limits = HTTPLimits()
        limits.total = .seconds(120)
        (limits.connect, limits.slowFor) = (.seconds(60), .seconds(60))
        do throws(FetchError) {
            _ = try await fetcher.fetch(HTTPRequest(url: url, proxy: proxy, limits: limits))
            return nil
        } catch { return error }
    }

    private func fetcher(
        _ addresses: [String] = ["127.0.0.1"], allowsLocal: Bool = true, tls: TLSSettings = TLSSettings()
    ) throws -> HTTPFetcher {
        try HTTPFetcher(resolver: FixedResolver(addresses), guard: AddressGuard(allowsLocal: allowsLocal), tls: tls)
    }

    @Test func `redirects are followed, absolute and relative, up to the limit`() async throws {
        let server = try await FakeHTTPServer.start { request in
            let number = Int(request.path.dropFirst(3)) ?? 0
            return number == 0 ? .text("end") : .redirect("../a/\(number - 1)", status: 301 + number % 2)
        }
        let fetcher = try fetcher()
        let answer = try await fetcher.fetch(HTTPRequest(url: server.url("/a/5")))
        #expect(answer.body == Array("end".utf8))
        #expect(answer.redirects == 5)
        #expect(answer.url == server.url("/a/0"))
        #expect(await failure(server.url("/a/6"), fetcher)?.kind == .tooManyRedirects)
        await server.stop()
    }

    @Test func `a loop of redirects ends`() async throws {
        let server = try await FakeHTTPServer.start { _ in .redirect("/") }
        #expect(await failure(server.url(), try fetcher())?.kind == .tooManyRedirects)
        #expect(server.requests.count == 6)
        await server.stop()
    }

    @Test(arguments: [
        "file:///etc/passwd", "ftp://a.test/", "gopher://a.test:70/", "http://user:secret@a.test/", "http://:0/",
        "http://a.test:99999/", "http://[::1/", "javascript:alert(1)", "http://b\u{e4}r.test/",
    ])
    func `a redirect to what is not fetched is refused`(location: String) async throws {
        let server = try await FakeHTTPServer.start { _ in .redirect(location) }
        let kind = await failure(server.url(), try fetcher())?.kind
        // A header with bytes beyond ASCII is no header, so there is no redirect to follow.
        #expect(kind == (location.utf8.allSatisfy { $0 < 0x80 } ? .badRedirect : nil))
        #expect(server.requests.count == 1)
        await server.stop()
    }

    @Test(arguments: [
        "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::ffff:10.0.0.1]/",
        "http://0x7f.1/", "http://2130706433/", "http://[fe80::1]/", "http://0/", "https://192.168.0.1/",
    ])
    func `a literal of a network of one's own is not contacted`(url: String) async throws {
        #expect(await failure(url, try HTTPFetcher())?.kind == .addressForbidden)
    }

    @Test func `a redirect to a forbidden address is not followed`() async throws {
        let server = try await FakeHTTPServer.start { _ in .redirect("http://169.254.169.254/latest") }
        // Local addresses are allowed here; a cloud's metadata service never is.
        let fetcher = try HTTPFetcher(guard: AddressGuard(allowsLocal: true))
        #expect(await failure(server.url(), fetcher) == FetchError(.addressForbidden, "link_local"))
        await server.stop()
    }

    @Test func `a name that leads home is not contacted`() async throws {
        let server = try await FakeHTTPServer.start { _ in .text("secret") }
        let error = await failure(server.url(host: "api.test"), try fetcher(allowsLocal: false))
        #expect(error == FetchError(.addressForbidden, "loopback"))
        #expect(server.requests.isEmpty)
        await server.stop()
    }

    @Test func `the address of the connection itself is checked too`() async throws {
        let server = try await FakeHTTPServer.start { _ in .text("secret") }
        let url = try HTTPURL(server.url(host: "api.test"))
        let loop = try CurlLoop(caFile: nil, mostTransfers: 1)
        let hop = HTTPHop(
            url: url, addresses: [ResolvedAddress(127, 0, 0, 1)], proxy: nil, headerLines: [], limits: HTTPLimits(),
            wantsCertificate: false, end: .now + .seconds(120))
        let result = await withCheckedContinuation { continuation in
            loop.start(CurlTransfer(hop, guard: AddressGuard()) { continuation.resume(returning: $0) })
        }
        guard case .failure(let error) = result else { return _ = Issue.record("it was contacted") }
        #expect(error == FetchError(.addressForbidden, "loopback"))
        #expect(server.requests.isEmpty)
        loop.stop()
        await loop.waitForEnd()
        await server.stop()
    }

    @Test(arguments: [
        (TestCertificates.valid, nil), (.expired, FetchError.Kind.certificateExpired),
        (.notYetValid, .certificateNotYetValid), (.otherHost, .hostnameMismatch), (.selfSigned, .certificateUntrusted),
    ])
    func `every certificate has its kind`(certificate: TestCertificates, kind: FetchError.Kind?) async throws {
        let server = try await FakeHTTPServer.start(tls: certificate) { _ in .text("x") }
        let authority = try TestCertificates.writeAuthority()
        defer { unlink(authority) }
        let fetcher = try fetcher(tls: TLSSettings(caFile: authority))
        // By a name and by an address, which certificates hold in different places.
        #expect(await failure(server.url(host: "relay.test"), fetcher)?.kind == kind)
        #expect(await failure(server.url(), fetcher)?.kind == kind)
        await server.stop()
    }

    @Test func `a server's certificate comes with its answer where it is wanted`() async throws {
        let server = try await FakeHTTPServer.start(tls: .valid) { _ in .text("x") }
        let authority = try TestCertificates.writeAuthority()
        defer { unlink(authority) }
        let fetcher = try fetcher(tls: TLSSettings(caFile: authority))
        var request = HTTPRequest(url: server.url(host: "relay.test"))
        #expect(try await fetcher.fetch(request).certificate == nil)
        request.wantsCertificate = true
        let certificate = try #require(try await fetcher.fetch(request).certificate)
        #expect(certificate.subject == "CN = localhost")
        #expect(certificate.issuer == "CN = BigBrotr test CA")
        #expect(certificate.notAfter == "Jan  1 00:00:00 2120 GMT")
        #expect(certificate.pem.hasPrefix("-----BEGIN CERTIFICATE-----\nMIIBfzCCASWgAwIBAgIBAjAK"))
        let plain = try await FakeHTTPServer.start { _ in .text("x") }
        request.url = plain.url()
        #expect(try await fetcher.fetch(request).certificate == nil)
        await plain.stop()
        await server.stop()
    }

    @Test(arguments: ["relay.test", "RELAY.test", "relay.test."])
    func `a name is resolved once, by us, however it is written`(host: String) async throws {
        let server = try await FakeHTTPServer.start { _ in .text("x") }
        let resolver = FixedResolver(["127.0.0.1"])
        let fetcher = try HTTPFetcher(resolver: resolver, guard: AddressGuard(allowsLocal: true))
        #expect(try await fetcher.fetch(HTTPRequest(url: server.url(host: host))).body == [0x78])
        #expect(resolver.questions == [host.lowercased()])
        await server.stop()
    }

    @Test func `a name without an address, and a resolver that fails, are told`() async throws {
        #expect(await failure("http://a.test/", try fetcher([]))?.kind == .nameNotFound)
        for kind in [NetError.Kind.nameNotFound, .resolverFailed, .timeout] {
            let fetcher = try HTTPFetcher(resolver: FailingResolver(kind: kind))
            #expect(await failure("http://a.test/", fetcher)?.kind.rawValue == kind.rawValue)
        }
    }

    @Test func `an authority that nobody named is not trusted, and a file that is not there is told`() async throws {
        let server = try await FakeHTTPServer.start(tls: .valid) { _ in .text("x") }
        #expect(await failure(server.url(), try fetcher())?.kind == .certificateUntrusted)
        #expect(throws: FetchError(.trustRoots, "/nowhere/ca.pem")) {
            try self.fetcher(tls: TLSSettings(caFile: "/nowhere/ca.pem"))
        }
        await server.stop()
    }

    @Test func `a redirect from https to http is refused, TLS garbage and a closed port are told`() async throws {
        let plain = try await FakeHTTPServer.start { _ in .text("x") }
        let target = plain.url()
        let secure = try await FakeHTTPServer.start(tls: .valid) { _ in .redirect(target) }
        let authority = try TestCertificates.writeAuthority()
        defer { unlink(authority) }
        let fetcher = try fetcher(tls: TLSSettings(caFile: authority))
        #expect(await failure(secure.url(), fetcher) == FetchError(.badRedirect, "from https to http"))
        let garbage = try await ScriptedServer.start(.greet(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)))
        #expect(await failure("https://127.0.0.1:\(garbage.port)/", fetcher)?.kind == .tlsHandshake)
        await garbage.stop()
        #expect(await failure("http://127.0.0.1:\(garbage.port)/", fetcher)?.kind == .connectionRefused)
        await plain.stop()
        await secure.stop()
    }

    @Test(arguments: [false, true])
    func `a name goes through the proxy unresolved, on a circuit of its own`(isSecure: Bool) async throws {
        let server = try await FakeHTTPServer.start(tls: isSecure ? .valid : nil) { _ in .text("x") }
        let proxy = try await FakeProxy.start(leadingTo: server.port)
        let resolver = FixedResolver(["127.0.0.1"])
        let authority = try TestCertificates.writeAuthority()
        defer { unlink(authority) }
        // The guard allows no local address; the proxy's own is exempt.
        let fetcher = try HTTPFetcher(resolver: resolver, tls: TLSSettings(caFile: authority))
        let address = try #require(ProxyAddress("socks5://proxy.test:\(proxy.port)"))
        let request = HTTPRequest(
            url: "\(isSecure ? "https" : "http")://relay.test:7777/", proxy: ProxySettings(address: address))
        #expect(try await fetcher.fetch(request).body == Array("x".utf8))
        #expect(resolver.questions == ["proxy.test"])
        #expect(proxy.requests == [.init(user: "relay.test", password: "bigbrotr", host: "relay.test", port: 7_777)])
        let literal = "http://10.0.0.1/"
        #expect(await failure(literal, fetcher, proxy: request.proxy) == FetchError(.addressForbidden, "private"))
        await proxy.stop()
        await server.stop()
    }

    @Test func `what is no proxy, and an onion without one, are told`() async throws {
        let server = try await ScriptedServer.start(.greet(Array("220 mail.example ESMTP\r\n".utf8)))
        let proxy = ProxySettings(address: try #require(ProxyAddress("socks5://127.0.0.1:\(server.port)")))
        let fetcher = try fetcher()
        #expect(await failure("http://a.onion/", fetcher, proxy: proxy)?.kind == .proxyProtocol)
        #expect(await failure("http://a.onion/", fetcher)?.kind == .noProxy)
        await server.stop()
    }

    @Test(arguments: [
        "", "x", "/x", "ws://a.test/", "http://", "http://a b/", "http://u@a.test/", "http://a.test:0/",
        "http://b\u{e4}r.test/", "http://a.test/" + String(repeating: "x", count: 5_000), "http://a.test/\r\nX: y",
    ])
    func `what is no URL to fetch is refused`(url: String) async throws {
        #expect(await failure(url, try fetcher())?.kind == .badURL)
    }

    @Test func `a header that would break out of its line is not sent`() async throws {
        let fetcher = try fetcher()
        for header in [("A", "b\r\nC: d"), ("A: b\r\nC", "d"), ("", "x"), ("A", "")] {
            await #expect(throws: FetchError(.invalidRequest, "header")) {
                try await fetcher.fetch(HTTPRequest(url: "http://127.0.0.1:1/", headers: [header]))
            }
        }
    }

    @Test func `causes that WebSockets have too are named alike`() {
        let shared: [NetError.Kind] = [
            .nameNotFound, .resolverFailed, .addressForbidden, .noProxy, .timeout, .connectionRefused, .unreachable,
            .connectFailed, .proxyAuthentication, .proxyRefused, .proxyProtocol, .trustRoots, .tlsHandshake,
            .certificateExpired, .certificateNotYetValid, .certificateUntrusted, .hostnameMismatch, .connectionLost,
            .cancelled,
        ]
        for kind in shared { #expect(FetchError(NetError(kind, .connect)).kind.rawValue == kind.rawValue) }
    }
}

/// Answers nobody.
private struct FailingResolver: AddressResolver {
    let kind: NetError.Kind

    func addresses(of host: String, within deadline: Duration) async throws(NetError) -> [ResolvedAddress] {
        throw NetError(kind, .resolve)
    }
}
