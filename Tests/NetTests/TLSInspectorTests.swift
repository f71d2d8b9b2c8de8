import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Settings
import Support
import Testing

@testable import Net

/// Handshakes with real servers of this machine; what they show is compared with what their certificates are.
@Suite struct TLSInspectorTests {
    private static let patience = Duration.seconds(60)

    private func inspector(_ ca: String? = nil, allowsLocal: Bool = true) throws -> TLSInspector {
        try TLSInspector(guard: AddressGuard(allowsLocal: allowsLocal), tls: TLSSettings(caFile: ca))
    }

    private func failure(
        _ inspector: TLSInspector, _ endpoint: Endpoint, within limit: Duration = Self.patience
    ) async -> NetError? {
        do throws(NetError) {
            _ = try await inspector.inspect(endpoint, within: limit)
            return nil
        } catch { return error }
    }

    @Test(arguments: [
        (TestCertificates.valid, nil), (.expired, NetError.Kind.certificateExpired),
        (.notYetValid, .certificateNotYetValid), (.otherHost, .hostnameMismatch), (.selfSigned, .certificateUntrusted),
    ])
    func `every certificate is described, with what is wrong about it`(
        certificate: TestCertificates, refusal: NetError.Kind?
    ) async throws {
        let ca = try TestCertificates.writeAuthority()
        defer { unlink(ca) }
        let server = try await FakeHTTPServer.start(tls: certificate) { _ in .answer() }
        let facts = try await inspector(ca).inspect(
            Endpoint(isSecure: true, host: "localhost", port: server.port), within: Self.patience)
        #expect(facts.refusal == refusal && facts.isVerified == (refusal == nil))
        #expect((facts.refusalText == nil) == (refusal == nil))
        #expect(facts.version == "TLSv1.3" && facts.cipher.hasPrefix("TLS_"))
        #expect(facts.chainCount == 1)
        let leaf = try #require(facts.chain.first)
        #expect(leaf.subject == (certificate == .otherHost ? "CN=elsewhere" : "CN=localhost"))
        #expect(leaf.issuer == (certificate == .selfSigned ? "CN=localhost" : "CN=BigBrotr test CA"))
        let names = ["localhost", "relay.test", "127.0.0.1", "::1"]
        #expect(leaf.names == (certificate == .otherHost ? ["elsewhere.test"] : names))
        #expect(leaf.nameCount == leaf.names.count)
        #expect(leaf.fingerprint.utf8.count == 64)
        // 2020, 2021, 2110 and 2120 of the certificates' own dates.
        #expect(leaf.notBefore == (certificate == .notYetValid ? 4_417_977_600 : 1_577_836_800))
        #expect(leaf.notAfter == (certificate == .expired ? 1_609_459_200 : 4_733_510_400))
        try await eventually("the connection is closed") { server.openCount == 0 }
        #expect(server.requests.isEmpty)
        await server.stop()
    }

    @Test func `an address without a name is compared with the certificate's addresses`() async throws {
        let ca = try TestCertificates.writeAuthority()
        defer { unlink(ca) }
        for (certificate, refusal) in [(TestCertificates.valid, nil), (.otherHost, NetError.Kind.hostnameMismatch)] {
            let server = try await FakeHTTPServer.start(tls: certificate) { _ in .answer() }
            let facts = try await inspector(ca).inspect(
                Endpoint(isSecure: true, host: "127.0.0.1", port: server.port), within: Self.patience)
            #expect(facts.refusal == refusal)
            await server.stop()
        }
    }

    @Test func `the address of an earlier connection is gone to, and the name still counts`() async throws {
        let ca = try TestCertificates.writeAuthority()
        defer { unlink(ca) }
        let server = try await FakeHTTPServer.start(tls: .valid) { _ in .answer() }
        // No resolver knows this name.
        let facts = try await inspector(ca).inspect(
            Endpoint(isSecure: true, host: "relay.test", port: server.port), at: ResolvedAddress(127, 0, 0, 1),
            within: Self.patience)
        #expect(facts.isVerified)
        await server.stop()
    }

    @Test func `no handshake leads to an address that may not be contacted`() async throws {
        let server = try await FakeHTTPServer.start(tls: .valid) { _ in .answer() }
        let inspector = try inspector(allowsLocal: false)
        let endpoint = Endpoint(isSecure: true, host: "localhost", port: server.port)
        #expect(await failure(inspector, endpoint)?.kind == .addressForbidden)
        await #expect(throws: NetError(.addressForbidden, .resolve, "loopback")) {
            _ = try await inspector.inspect(endpoint, at: ResolvedAddress(127, 0, 0, 1), within: Self.patience)
        }
        #expect(server.openCount == 0)
        await server.stop()
    }

    @Test func `through a proxy the proxy is told the name`() async throws {
        let ca = try TestCertificates.writeAuthority()
        defer { unlink(ca) }
        let server = try await FakeHTTPServer.start(tls: .valid) { _ in .answer() }
        let proxy = try await FakeProxy.start(leadingTo: server.port)
        let settings = ProxySettings(address: try #require(.init("socks5://127.0.0.1:\(proxy.port)")))
        let facts = try await inspector(ca, allowsLocal: false).inspect(
            Endpoint(isSecure: true, host: "relay.test", port: 443), proxy: settings, within: Self.patience)
        #expect(facts.isVerified)
        #expect(proxy.requests.map(\.host) == ["relay.test"])
        await proxy.stop()
        await server.stop()
    }

    @Test func `a server that is silent, talks nonsense or hangs up has its reason`() async throws {
        let inspector = try inspector()
        let silent = try await ScriptedServer.start(.silence)
        let stalled = await failure(inspector, silent.endpoint(isSecure: true), within: .seconds(5))
        #expect(stalled == NetError(.timeout, .tls))
        await silent.stop()
        let plain = try await ScriptedServer.start(.greet(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)))
        #expect(await failure(inspector, plain.endpoint(isSecure: true))?.kind == .tlsHandshake)
        await plain.stop()
        let gone = try await ScriptedServer.start(.hangUp)
        #expect(await failure(inspector, gone.endpoint(isSecure: true))?.kind == .connectionLost)
        await gone.stop()
        let nobody = Endpoint(isSecure: true, host: "127.0.0.1", port: try FreePort.find())
        #expect(await failure(inspector, nobody)?.kind == .connectionRefused)
    }

    @Test func `records that never end the handshake are bounded`() async throws {
        // A record of a server's hello that announces 16 MiB, in pieces of 16 KiB.
        let piece: [UInt8] = [22, 3, 3, 0x40, 0] + [2, 0xFF, 0xFF, 0xFF] + Array(repeating: 0, count: 0x4000 - 4)
        let server = try await ScriptedServer.start(.greet(Array((0..<64).map { _ in piece }.joined())))
        let kind = await failure(try inspector(), server.endpoint(isSecure: true))?.kind
        #expect(kind == .tlsHandshake || kind == .messageTooLarge)
        await server.stop()
    }

    @Test(arguments: [(3, nil), (400, NetError.Kind.tlsHandshake)])
    func `a long chain is described in part, and one of more than 100 KiB refused`(
        more: Int, failure kind: NetError.Kind?
    ) async throws {
        let ca = try TestCertificates.writeAuthority()
        defer { unlink(ca) }
        let context = try TestCertificates.valid.serverContext(authorities: more)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let endpoint = Endpoint(isSecure: true, host: "localhost", port: server.localAddress?.port ?? 0)
        let inspector = try inspector(ca)
        if let kind {
            #expect(await failure(inspector, endpoint)?.kind == kind)
        } else {
            let facts = try await inspector.inspect(endpoint, within: Self.patience)
            #expect(facts.isVerified && facts.chainCount == more + 1)
            #expect(facts.chain.map(\.subject) == ["CN=localhost"] + Array(repeating: "CN=BigBrotr test CA", count: 3))
        }
        try await server.close()
    }

    @Test func `whoever is cancelled is answered, and nothing stays open`() async throws {
        let silent = try await ScriptedServer.start(.silence)
        let (inspector, endpoint) = (try inspector(), silent.endpoint(isSecure: true))
        let waiting = Task { await failure(inspector, endpoint) }
        var bytes = silent.firstBytes.makeAsyncIterator()
        _ = await bytes.next()
        waiting.cancel()
        #expect(await waiting.value?.kind == .cancelled)
        await silent.stop()
    }

    @Test func `trust roots that cannot be read are an error at once`() {
        #expect(throws: NetError(.trustRoots, .tls, "/nowhere/ca.pem")) { try inspector("/nowhere/ca.pem") }
    }
}
