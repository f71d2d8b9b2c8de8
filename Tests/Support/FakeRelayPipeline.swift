import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOWebSocket

/// The handlers of one connection of the fake relay.
enum FakeRelayPipeline {
    static func add(to channel: any Channel, tls: NIOSSLContext?, _ state: NIOLockedValueBox<FakeRelay.State>) throws {
        let pipeline = channel.pipeline.syncOperations
        if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
        if state.withLockedValue({ $0.behaviour.cutsHandshake }) { try pipeline.addHandler(HandshakeCut()) }
        let gate = FlushGate()
        try pipeline.addHandler(gate)
        let boundGate = NIOLoopBound(gate, eventLoop: channel.eventLoop)
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: 1 << 24, automaticErrorHandling: false,
            shouldUpgrade: { channel, _ in
                let behaviour = state.withLockedValue { $0.behaviour }
                boundGate.value.isShut = behaviour.challenge != nil
                let headers = behaviour.upgradeStatus == nil ? HTTPHeaders(behaviour.upgradeHeaders) : nil
                return channel.eventLoop.makeSucceededFuture(headers)
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    let connection = FakeRelayConnection(state: state, gate: boundGate.value)
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            })
        let responder = HTTPResponder(state)
        let boundResponder = NIOLoopBound(responder, eventLoop: channel.eventLoop)
        try pipeline.configureHTTPServerPipeline(
            withServerUpgrade: (
                upgraders: [upgrader],
                completionHandler: { $0.pipeline.syncOperations.removeHandler(boundResponder.value, promise: nil) }
            ))
        try pipeline.addHandler(responder)
    }
}

/// Holds bytes back, so that what is written after the 101 goes out in the same segment; and takes raw bytes.
final class FlushGate: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    var isShut = false
    private var held = ByteBuffer()
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard isShut else { return context.write(data, promise: promise) }
        held.writeImmutableBuffer(unwrapOutboundIn(data))
        // The upgrade goes on only when its answer is written.
        promise?.succeed()
    }

    func flush(context: ChannelHandlerContext) {
        if !isShut { context.flush() }
    }

    func open() {
        isShut = false
        if held.readableBytes > 0 { context?.write(wrapOutboundOut(held), promise: nil) }
        held = ByteBuffer()
        context?.flush()
    }

    /// Writes bytes as they are, past every encoder.
    func write(_ bytes: ByteBuffer) {
        if isShut {
            held.writeImmutableBuffer(bytes)
        } else {
            context?.write(wrapOutboundOut(bytes), promise: nil)
        }
    }
}

/// Answers every HTTP request that is not upgraded with the information document, or the status of the behaviour, and
/// hangs up.
private final class HTTPResponder: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let state: NIOLockedValueBox<FakeRelay.State>

    init(_ state: NIOLockedValueBox<FakeRelay.State>) { self.state = state }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        let behaviour = state.withLockedValue { $0.behaviour }
        guard let information = behaviour.information, behaviour.upgradeStatus == nil else {
            return answer(behaviour.upgradeStatus ?? 400, behaviour.upgradeHeaders, "", context)
        }
        let headers = [("content-type", "application/nostr+json"), ("access-control-allow-origin", "*")]
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(behaviour.delay)) {
            self.answer(200, headers, information, context)
        }
    }

    private func answer(
        _ status: Int, _ headers: [(String, String)], _ body: String, _ context: ChannelHandlerContext
    ) {
        let headers = HTTPHeaders(
            headers + [("content-length", String(body.utf8.count)), ("connection", "close")])
        let status = HTTPResponseStatus(statusCode: status)
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !body.isEmpty { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil) }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }
}
