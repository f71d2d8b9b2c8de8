import Crypto
import NIOCore
import NIOPosix

@testable import Net

/// A TCP server on loopback that answers the first request with given bytes; it can accept an upgrade.
final class ScriptedServer: Sendable {
    /// What it does with a connection.
    enum Script: Sendable {
        /// Sends these bytes at once.
        case greet([UInt8])
        /// Sends these bytes when the head of a request is whole.
        case answer([UInt8])
        /// Accepts the upgrade, and sends these bytes in the same segment.
        case accept(then: [UInt8])
        /// Accepts the upgrade and reads nothing more.
        case acceptAndStop
        /// Sends these bytes when the head is whole, and hangs up.
        case answerAndClose([UInt8])
        /// Nothing.
        case silence
        /// Hangs up at the first byte.
        case hangUp
    }

    let port: Int
    private let channel: any Channel
    /// Gives one element for the first bytes of each connection.
    let firstBytes: AsyncStream<Void>

    private init(_ channel: any Channel, _ firstBytes: AsyncStream<Void>) {
        self.channel = channel
        self.firstBytes = firstBytes
        port = channel.localAddress?.port ?? 0
    }

    static func start(_ script: Script) async throws -> ScriptedServer {
        let (firstBytes, arrived) = AsyncStream.makeStream(of: Void.self)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ScriptHandler(script) { arrived.yield() })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ScriptedServer(channel, firstBytes)
    }

    func endpoint(isSecure: Bool = false) -> Endpoint { Endpoint(isSecure: isSecure, host: "127.0.0.1", port: port) }

    func stop() async { try? await channel.close() }
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let script: ScriptedServer.Script
    private var head: [UInt8] = []
    private var isAnswered = false
    private let arrived: () -> Void

    init(_ script: ScriptedServer.Script, _ arrived: @escaping () -> Void) {
        self.script = script
        self.arrived = arrived
    }

    func channelActive(context: ChannelHandlerContext) {
        if case .greet(let bytes) = script { send(bytes, context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if head.isEmpty { arrived() }
        if case .hangUp = script { return context.close(promise: nil) }
        head += unwrapInboundIn(data).readableBytesView
        guard !isAnswered, head.suffix(4) == [13, 10, 13, 10] else { return }
        isAnswered = true
        switch script {
        case .greet, .silence, .hangUp: return
        case .answer(let bytes): send(bytes, context)
        case .accept(let bytes): send(acceptance + bytes, context)
        case .acceptAndStop:
            send(acceptance, context)
            context.channel.setOption(.autoRead, value: false).whenFailure { _ in }
        case .answerAndClose(let bytes):
            send(bytes, context)
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func send(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    private var acceptance: [UInt8] {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let key = lines.first { $0.hasPrefix("Sec-WebSocket-Key: ") }?.dropFirst(19) ?? ""
        let accept = Base64.encode(SHA1.hash(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
        let text =
            "HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(accept)\r\n\r\n"
        return Array(text.utf8)
    }
}
