import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Settings
import Support
import Testing

@testable import Net

@Suite struct WebSocketClientTests {
    private func client(
        limits: WebSocketLimits = .init(), resolver: any AddressResolver = SystemResolver.shared,
        tls: TLSSettings = .init()
    ) throws -> WebSocketClient {
        try WebSocketClient(resolver: resolver, guard: AddressGuard(allowsLocal: true), tls: tls, limits: limits)
    }

    private func limits(_ change: (inout WebSocketLimits) -> Void) -> WebSocketLimits {
        var limits = WebSocketLimits()
        change(&limits)
        return limits
    }

    private func error(
        _ endpoint: Endpoint, within deadline: Duration = .seconds(60), client: WebSocketClient? = nil
    ) async throws -> NetError? {
        let client = try client ?? self.client()
        do throws(NetError) {
            _ = try await client.connect(endpoint, within: deadline, delegate: Recorder())
            return nil
        } catch {
            return error
        }
    }

    private func endpoint(_ relay: FakeRelay, host: String? = nil) -> Endpoint {
        Endpoint(isSecure: relay.isSecure, host: host ?? "127.0.0.1", port: relay.port)
    }

    private func text(_ text: String) -> [UInt8] { [0x81, UInt8(text.utf8.count)] + Array(text.utf8) }

    @Test func `messages that come with the 101 are not lost, nor half a frame`() async throws {
        let bytes = text("one") + text("two") + text("three")
        for cut in [0, 1, 2, 5, 9, bytes.count] {
            let server = try await ScriptedServer.start(.accept(then: Array(bytes.prefix(cut))))
            let recorder = Recorder()
            let connection = try await client().connect(server.endpoint(), within: .seconds(60), delegate: recorder)
            let whole = [(0, 5), (1, 10), (2, 17)].filter { $0.1 <= cut }.count
            await recorder.wait(texts: whole)
            #expect(recorder.texts == Array(["one", "two", "three"].prefix(whole)))
            connection.abort(NetError(.cancelled, .open))
            await server.stop()
        }
    }

    @Test func `a message goes out masked and is understood`() async throws {
        let relay = try await FakeRelay.start()
        let recorder = Recorder()
        let connection = try await client().connect(endpoint(relay), within: .seconds(60), delegate: recorder)
        let long = String(repeating: "x", count: 100_000)
        connection.send(text: Array("[\"CLOSE\",\"a\"]".utf8))
        connection.send(text: Array("[\"CLOSE\",\"\(long)\"]".utf8))
        await relay.waitForMessages(2)
        #expect(relay.messages == ["[\"CLOSE\",\"a\"]", "[\"CLOSE\",\"\(long)\"]"])
        await connection.close()
        #expect(await recorder.end() == .closedByUs)
        await relay.waitForNoConnections()
        await relay.stop()
    }

    @Test func `the peer's goodbye is told`() async throws {
        let server = try await ScriptedServer.start(.accept(then: [0x88, 5, 0x0F, 0xA1] + Array("bye".utf8)))
        let recorder = Recorder()
        _ = try await client().connect(server.endpoint(), within: .seconds(60), delegate: recorder)
        #expect(await recorder.end() == .closedByPeer(code: 4001, reason: "bye"))
        await server.stop()
    }

    @Test func `a hang-up without goodbye is a lost connection`() async throws {
        let relay = try await FakeRelay.start()
        let recorder = Recorder()
        _ = try await client().connect(endpoint(relay), within: .seconds(60), delegate: recorder)
        relay.disconnectAll()
        #expect(await recorder.end() == .failed(NetError(.connectionLost, .open)))
        await relay.stop()
    }

    @Test(arguments: [
        ([0x83, 0], NetError.Kind.protocolViolation), ([0x82, 0], .protocolViolation), ([0x80, 0], .protocolViolation),
        ([0x81, 127, 0, 0, 0, 0, 0x40, 0, 0, 0], .messageTooLarge),
    ])
    func `a broken frame ends the connection with its kind`(bytes: [UInt8], kind: NetError.Kind) async throws {
        let server = try await ScriptedServer.start(.accept(then: text("ok") + bytes))
        let recorder = Recorder()
        _ = try await client().connect(server.endpoint(), within: .seconds(60), delegate: recorder)
        guard case .failed(let error) = await recorder.end() else { return #expect(Bool(false)) }
        #expect(error.kind == kind)
        #expect(recorder.texts == ["ok"])
        await server.stop()
    }

    @Test func `a half-open peer is dead after two pings`() async throws {
        var behaviour = FakeRelayBehaviour()
        behaviour.isHalfOpen = true
        let relay = try await FakeRelay.start(behaviour: behaviour)
        let recorder = Recorder()
        let client = try client(limits: limits { $0.keepAlive = .milliseconds(30) })
        _ = try await client.connect(endpoint(relay), within: .seconds(60), delegate: recorder)
        #expect(await recorder.end() == .failed(NetError(.keepAliveTimeout, .open)))
        await relay.stop()
    }

    @Test func `a flood of pings ends the connection`() async throws {
        let relay = try await FakeRelay.start(behaviour: FakeRelayBehaviour(.pings))
        let recorder = Recorder()
        let client = try client(limits: limits { $0.controlFrames = 1_000 })
        let connection = try await client.connect(endpoint(relay), within: .seconds(60), delegate: recorder)
        connection.send(text: Array(#"["REQ","a",{}]"#.utf8))
        guard case .failed(let error) = await recorder.end() else { return #expect(Bool(false)) }
        #expect(error.kind == .protocolViolation)
        await relay.stop()
    }

    @Test func `a peer that does not read hits the write deadline`() async throws {
        let server = try await ScriptedServer.start(.acceptAndStop)
        let recorder = Recorder()
        let client = try client(
            limits: limits {
                $0.writeDeadline = .milliseconds(100)
                $0.queuedBytes = 1 << 30
            })
        let connection = try await client.connect(server.endpoint(), within: .seconds(60), delegate: recorder)
        for _ in 0..<20 { connection.send(text: [UInt8](repeating: 0x61, count: 1 << 20)) }
        #expect(await recorder.end() == .failed(NetError(.writeTimeout, .open)))
        await server.stop()
    }

    @Test func `what waits to be sent has a limit`() async throws {
        let server = try await ScriptedServer.start(.acceptAndStop)
        let recorder = Recorder()
        let connection = try await client(limits: limits { $0.queuedBytes = 10 << 20 })
            .connect(server.endpoint(), within: .seconds(60), delegate: recorder)
        for _ in 0..<40 { connection.send(text: [UInt8](repeating: 0x61, count: 1 << 20)) }
        #expect(await recorder.end() == .failed(NetError(.writeTimeout, .open, "queue is full")))
        await server.stop()
    }

    @Test func `nothing is read while reading is paused`() async throws {
        // Far more than one read: 200 texts of 10 kB.
        let body = [0x81, 126, 0x27, 0x10] + [UInt8](repeating: 0x61, count: 10_000)
        let server = try await ScriptedServer.start(.accept(then: Array(repeatElement(body, count: 200).joined())))
        let recorder = Recorder(pausesAfter: 3)
        let connection = try await client().connect(server.endpoint(), within: .seconds(60), delegate: recorder)
        await recorder.wait(texts: 3)
        // A round through the loop many times over: whatever was to be read has been.
        for _ in 0..<200 { try await connection.eventLoop.submit {}.get() }
        #expect(recorder.texts.count < 8)
        connection.resumeReading()
        await recorder.wait(texts: 200)
        #expect(recorder.texts.count == 200)
        connection.abort(NetError(.cancelled, .open))
        await server.stop()
    }

    @Test(arguments: ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 301 Moved\r\nLocation: file:/x\r\n\r\n", "nonsense\r\n\r\n"])
    func `an upgrade that is refused is an error of that step`(answer: String) async throws {
        let server = try await ScriptedServer.start(.answer(Array(answer.utf8)))
        #expect(try await error(server.endpoint())?.step == .upgrade)
        await server.stop()
    }

    @Test func `a server that hangs up at any byte of its answer is a lost connection`() async throws {
        let head = Array("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n".utf8)
        for count in stride(from: 0, to: head.count, by: 5) {
            let server = try await ScriptedServer.start(.answerAndClose(Array(head.prefix(count))))
            let error = try await error(server.endpoint())
            #expect(error?.kind == .connectionLost)
            #expect(error?.step == .upgrade)
            await server.stop()
        }
    }

    @Test func `the deadline holds for a server that says nothing`() async throws {
        let server = try await ScriptedServer.start(.silence)
        let error = try await error(server.endpoint(), within: .milliseconds(50))
        #expect(error?.kind == .timeout)
        await server.stop()
    }

    @Test(arguments: [(false, NetError.Step.upgrade), (true, .tls)])
    func `a cancelled caller does not wait, and learns the step`(isSecure: Bool, step: NetError.Step) async throws {
        let server = try await ScriptedServer.start(.silence)
        let client = try client()
        let endpoint = server.endpoint(isSecure: isSecure)
        let dial = Task { try await client.connect(endpoint, within: .seconds(600), delegate: Recorder()) }
        for await _ in server.firstBytes { break }
        dial.cancel()
        let error = await #expect(throws: NetError.self) { try await dial.value }
        #expect(error == NetError(.cancelled, step))
        await server.stop()
    }

    @Test func `a closed port is refused`() async throws {
        let server = try await ScriptedServer.start(.silence)
        await server.stop()
        #expect(try await error(server.endpoint()) == NetError(.connectionRefused, .connect))
    }

    @Test func `a name is resolved once, and a refusing address does not matter`() async throws {
        let relay = try await FakeRelay.start()
        let resolver = FixedResolver(["::1", "127.0.0.1", "169.254.169.254"])
        let recorder = Recorder()
        let connection = try await client(resolver: resolver).connect(
            endpoint(relay, host: "relay.test"), within: .seconds(60), delegate: recorder)
        #expect(connection.remoteAddress == ResolvedAddress(127, 0, 0, 1))
        #expect(resolver.questions == ["relay.test"])
        await connection.close()
        await relay.stop()
    }

    @Test func `a name with forbidden addresses only is not dialled`() async throws {
        let relay = try await FakeRelay.start()
        let client = try WebSocketClient(resolver: FixedResolver(["127.0.0.1", "::ffff:127.0.0.1"]))
        let error = try await error(endpoint(relay, host: "relay.test"), client: client)
        #expect(error == NetError(.addressForbidden, .resolve, "loopback"))
        #expect(relay.connectionCount == 0)
        await relay.stop()
    }

    @Test(arguments: [
        (TestCertificates.valid, nil), (.expired, NetError.Kind.certificateExpired),
        (.notYetValid, .certificateNotYetValid), (.otherHost, .hostnameMismatch), (.selfSigned, .certificateUntrusted),
    ])
    func `every certificate has its kind`(certificate: TestCertificates, kind: NetError.Kind?) async throws {
        let relay = try await FakeRelay.start(tls: certificate)
        let client = try client(
            resolver: FixedResolver(["127.0.0.1"]), tls: TLSSettings(caFile: TestCertificates.writeAuthority()))
        #expect(try await error(endpoint(relay, host: "relay.test"), client: client)?.kind == kind)
        #expect(try await error(endpoint(relay, host: "127.0.0.1"), client: client)?.kind == kind)
        await relay.stop()
    }

    @Test func `an authority that nobody named is not trusted`() async throws {
        let relay = try await FakeRelay.start(tls: .valid)
        #expect(try await error(endpoint(relay))?.kind == .certificateUntrusted)
        await relay.stop()
    }

    @Test func `TLS garbage is a failed handshake`() async throws {
        let server = try await ScriptedServer.start(.greet(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)))
        let error = try await error(server.endpoint(isSecure: true))
        #expect(error?.kind == .tlsHandshake)
        #expect(error?.step == .tls)
        await server.stop()
    }

    @Test func `a missing file of roots is an error before anything is dialled`() {
        #expect(throws: NetError.self) { try WebSocketClient(tls: TLSSettings(caFile: "/nowhere/ca.pem")) }
    }
}

/// Answers every name with the same addresses.
final class FixedResolver: AddressResolver {
    private let answer: [ResolvedAddress]
    private let asked = NIOLockedValueBox<[String]>([])

    init(_ literals: [String]) { answer = literals.compactMap { ResolvedAddress(literal: $0) } }

    var questions: [String] { asked.withLockedValue { $0 } }

    func addresses(of host: String, within deadline: Duration) async throws(NetError) -> [ResolvedAddress] {
        asked.withLockedValue { $0.append(host) }
        return answer
    }
}
