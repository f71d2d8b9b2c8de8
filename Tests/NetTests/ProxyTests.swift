import Settings
import Support
import Testing

@testable import Net

@Suite struct ProxyTests {
    private func settings(_ port: Int) throws -> ProxySettings {
        ProxySettings(address: try #require(ProxyAddress("socks5://127.0.0.1:\(port)")))
    }

    private func error(_ endpoint: Endpoint, _ proxy: ProxySettings) async throws -> NetError? {
        let client = try WebSocketClient()
        do throws(NetError) {
            _ = try await client.connect(endpoint, proxy: proxy, within: .seconds(60), delegate: Recorder())
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [false, true])
    func `a name goes through the proxy unresolved, with TLS inside and a circuit of its own`(isSecure: Bool)
        async throws
    {
        let relay = try await FakeRelay.start(tls: isSecure ? .valid : nil)
        let proxy = try await FakeProxy.start(leadingTo: relay.port)
        let resolver = FixedResolver(["127.0.0.1"])
        // The guard allows no local address; the proxy's own is exempt.
        let client = try WebSocketClient(
            resolver: resolver, tls: TLSSettings(caFile: TestCertificates.writeAuthority()))
        let endpoint = Endpoint(isSecure: isSecure, host: "relay.test", port: 7_777)
        let connection = try await client.connect(
            endpoint, proxy: settings(proxy.port), within: .seconds(60), delegate: Recorder())
        #expect(resolver.questions == ["127.0.0.1"])
        #expect(proxy.requests == [.init(user: "relay.test", password: "bigbrotr", host: "relay.test", port: 7_777)])
        connection.send(text: Array("[\"CLOSE\",\"x\"]".utf8))
        await relay.waitForMessages(1)
        await connection.close()
        await proxy.stop()
        await relay.stop()
    }

    @Test func `a proxy that is not there is a refused connection`() async throws {
        let server = try await ScriptedServer.start(.silence)
        await server.stop()
        let error = try await error(Endpoint(isSecure: false, host: "a.onion", port: 80), settings(server.port))
        #expect(error == NetError(.connectionRefused, .connect))
    }

    @Test func `what is no proxy is told`() async throws {
        let server = try await ScriptedServer.start(.greet(Array("220 mail.example ESMTP\r\n".utf8)))
        let error = try await error(Endpoint(isSecure: false, host: "a.onion", port: 80), settings(server.port))
        #expect(error?.kind == .proxyProtocol)
        #expect(error?.step == .proxy)
        await server.stop()
    }

    @Test func `a proxy that hangs up is a lost connection of that step`() async throws {
        let server = try await ScriptedServer.start(.hangUp)
        let error = try await error(Endpoint(isSecure: false, host: "a.onion", port: 80), settings(server.port))
        #expect(error?.kind == .connectionLost)
        #expect(error?.step == .proxy)
        await server.stop()
    }
}
