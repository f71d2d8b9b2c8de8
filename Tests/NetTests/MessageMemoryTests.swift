import Support
import Testing

@testable import Net

@Suite(.timeLimit(.minutes(2))) struct MessageMemoryTests {
    private static let free = MessageMemory.allowance

    @Test func `a connection holds what goes beyond its first bytes, and gives it back`() {
        let memory = MessageMemory(bytes: 1_000)
        do {
            var share = MessageShare(of: memory)
            var results: [Bool] = []
            for bytes in [Self.free, Self.free + 400, Self.free + 100] { results.append(share.hold(bytes)) }
            #expect(results == [true, true, true])
            #expect(memory.free == 900)
        }
        #expect(memory.free == 1_000)
    }

    @Test func `what finds no room keeps what it has`() {
        let memory = MessageMemory(bytes: 1_000)
        var first = MessageShare(of: memory)
        var second = MessageShare(of: memory)
        var results = [first.hold(Self.free + 700), second.hold(Self.free + 200), second.hold(Self.free + 301)]
        #expect(results == [true, true, false])
        #expect(memory.free == 100)
        results = [first.hold(0), second.hold(Self.free + 301)]
        #expect(results == [true, true])
    }

    @Test func `large messages wait for others that never end, small ones do not`() async throws {
        var limits = WebSocketLimits()
        limits.messageBytes = 2 << 20
        limits.sharedBytes = 0
        let client = try WebSocketClient(guard: AddressGuard(allowsLocal: true), limits: limits)
        // Ten connections of which each lacks the last byte of a large message: more than there is memory for.
        let cut = try await ScriptedServer.start(.accept(then: Array(Self.text(1_900_000).dropLast())))
        var hostile: [WebSocketConnection] = []
        for _ in 0..<10 {
            hostile.append(try await client.connect(cut.endpoint(), within: .seconds(60), delegate: Recorder()))
        }
        try await eventually("memory is used up") { client.memory.free < 1_900_000 }
        let large = try await ScriptedServer.start(.accept(then: Self.text(1_800_000)))
        let small = try await ScriptedServer.start(.accept(then: Self.text(100_000)))
        let (waiting, served) = (Recorder(), Recorder())
        _ = try await client.connect(large.endpoint(), within: .seconds(60), delegate: waiting)
        _ = try await client.connect(small.endpoint(), within: .seconds(60), delegate: served)
        await served.wait(texts: 1)
        #expect(waiting.texts.isEmpty)
        for connection in hostile { connection.abort(NetError(.cancelled, .open)) }
        await waiting.wait(texts: 1)
        #expect(waiting.texts.first?.utf8.count == 1_800_000)
        for server in [cut, large, small] { await server.stop() }
        withExtendedLifetime(hostile) {}
    }

    /// A text frame of so many bytes.
    private static func text(_ count: Int) -> [UInt8] {
        var frame: [UInt8] = [0x81, 127]
        for shift in stride(from: 56, through: 0, by: -8) { frame.append(UInt8(truncatingIfNeeded: count >> shift)) }
        return frame + [UInt8](repeating: 0x61, count: count)
    }
}
