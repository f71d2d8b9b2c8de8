import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A SOCKS5 proxy on loopback that leads every host to one port of this machine and writes down who asked for what.
final class FakeProxy: Sendable {
    struct Request: Equatable, Sendable {
        var user = ""
        var password = ""
        var host = ""
        var port = 0
    }

    let port: Int
    private let channel: any Channel
    private let seen: NIOLockedValueBox<[Request]>

    private init(_ channel: any Channel, _ seen: NIOLockedValueBox<[Request]>) {
        self.channel = channel
        self.seen = seen
        port = channel.localAddress?.port ?? 0
    }

    var requests: [Request] { seen.withLockedValue { $0 } }

    static func start(leadingTo target: Int) async throws -> FakeProxy {
        let seen = NIOLockedValueBox<[Request]>([])
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ProxyHandler(target, seen))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return FakeProxy(channel, seen)
    }

    func stop() async { try? await channel.close() }
}

/// Speaks SOCKS5 as Tor does: user and password when both are offered.
private final class ProxyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase { case greeting, password, request, connecting, open }

    private let target: Int
    private let seen: NIOLockedValueBox<[FakeProxy.Request]>
    private var phase = Phase.greeting
    private var buffer = ByteBuffer()
    private var request = FakeProxy.Request()
    private var peer: (any Channel)?

    init(_ target: Int, _ seen: NIOLockedValueBox<[FakeProxy.Request]>) {
        self.target = target
        self.seen = seen
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if let peer { return peer.writeAndFlush(bytes, promise: nil) }
        buffer.writeBuffer(&bytes)
        switch phase {
        case .greeting: greet(context)
        case .password: takePassword(context)
        case .request: takeRequest(context)
        case .connecting, .open: return
        }
    }

    func channelInactive(context: ChannelHandlerContext) { peer?.close(promise: nil) }

    private func greet(_ context: ChannelHandlerContext) {
        guard let head = buffer.readBytes(length: 2), let methods = buffer.readBytes(length: Int(head[1])) else {
            return
        }
        phase = methods.contains(2) ? .password : .request
        send([5, methods.contains(2) ? 2 : 0], context)
    }

    private func takePassword(_ context: ChannelHandlerContext) {
        _ = buffer.readInteger(as: UInt8.self)
        request.user = counted()
        request.password = counted()
        phase = .request
        send([1, 0], context)
    }

    private func takeRequest(_ context: ChannelHandlerContext) {
        guard buffer.readBytes(length: 4) == [5, 1, 0, 3] else { return context.close(promise: nil) }
        request.host = counted()
        request.port = Int(buffer.readInteger(as: UInt16.self) ?? 0)
        seen.withLockedValue { $0.append(request) }
        phase = .connecting
        let back = context.channel
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Glue(back)) }
            }
            .connect(host: "127.0.0.1", port: target)
            .assumeIsolated().whenSuccess { peer in
                self.peer = peer
                self.send([5, 0, 0, 1, 0, 0, 0, 0, 0, 0], context)
            }
    }

    private func counted() -> String {
        buffer.readString(length: Int(buffer.readInteger(as: UInt8.self) ?? 0)) ?? ""
    }

    private func send(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }
}

/// Writes what comes to another channel.
private final class Glue: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let back: any Channel

    init(_ back: any Channel) { self.back = back }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        back.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { back.close(promise: nil) }
}
