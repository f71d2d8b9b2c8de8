import Glibc
import NIOCore
import NIOSSL
import NIOTLS

/// One WebSocket connection on its channel: waits for TLS, upgrades, then reads and writes frames.
///
/// One handler for all of it, so that bytes that come together with the answer to the upgrade go straight on to
/// the frame reader. Everything here happens on the channel's event loop.
final class WebSocketHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Timer { case keepAlive, writes, close, memory }

    enum Phase { case tls, upgrade, open, closing, closed }

    let limits: WebSocketLimits
    let delegate: any WebSocketDelegate
    var phase: Phase
    var reader: FrameReader
    var context: ChannelHandlerContext?
    var keepAlive = KeepAlive()
    var writes = WriteWatch()
    /// By whoever reads the messages.
    var isPaused = false
    /// For the want of memory for the message that is under way.
    var isStarved = false
    var share: MessageShare
    /// Pings and pongs since the last turn of the keep-alive.
    var controlFrames = 0
    /// Bytes of frames that came in, headers included.
    var bytesReceived = 0
    /// One a purpose; the last one scheduled stands here, to be cancelled at the end.
    var timers: [Timer: Scheduled<Void>] = [:]

    private let request: UpgradeRequest
    private var response: UpgradeResponse
    private var opening: EventLoopPromise<WebSocketConnection>?
    private var closing: EventLoopPromise<Void>?
    private var isReadHeld = false

    /// `opening` is fulfilled once, in whatever way the opening ends.
    init(
        endpoint: Endpoint, limits: WebSocketLimits, delegate: any WebSocketDelegate,
        memory: MessageMemory, opening: EventLoopPromise<WebSocketConnection>
    ) {
        self.limits = limits
        self.delegate = delegate
        self.opening = opening
        share = MessageShare(of: memory)
        phase = endpoint.isSecure ? .tls : .upgrade
        reader = FrameReader(limitBytes: limits.messageBytes, limitFragments: limits.messageFragments)
        request = UpgradeRequest(endpoint: endpoint, userAgent: limits.userAgent)
        response = UpgradeResponse(accept: request.accept, limitBytes: limits.upgradeBytes)
    }

    /// How far the connection has come, for errors.
    var step: NetError.Step {
        switch phase {
        case .tls: .tls
        case .upgrade: .upgrade
        case .open, .closing, .closed: .open
        }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if phase == .upgrade { sendRequest(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        fail(NetError(.connectionLost, step))
        self.context = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if phase == .tls, case TLSUserEvent.handshakeCompleted = event {
            phase = .upgrade
            sendRequest(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        buffer.withUnsafeReadableBytes { bytes in
            switch phase {
            case .open, .closing: receive(bytes)
            case .upgrade: upgrade(bytes, context)
            case .tls, .closed: return
            }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if phase == .open { delegate.readCompleted() }
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if phase == .closing { end(.closedByUs) }
        fail(NetError(.connectionLost, step))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let leaf = phase == .tls ? (try? context.pipeline.syncOperations.nioSSL_peerCertificate()) ?? nil : nil
        if phase == .closing { end(.closedByUs) }
        // The wall clock, because a certificate says in calendar time whether it has expired.
        fail(NetError(channel: error, at: step, leaf: leaf, now: time(nil)))
    }

    /// Back-pressure: the channel asks for the next read here, and is not given it while reading is paused.
    func read(context: ChannelHandlerContext) {
        if isPaused || isStarved {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    func resumeReading() {
        isPaused = false
        readOn()
    }

    func readOn() {
        guard isReadHeld, !isPaused, !isStarved else { return }
        isReadHeld = false
        context?.read()
    }

    private func sendRequest(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: request.bytes)), promise: nil)
    }

    private func upgrade(_ bytes: UnsafeRawBufferPointer, _ context: ChannelHandlerContext) {
        do {
            guard let used = try response.feed(bytes) else { return }
            phase = .open
            let closed = context.eventLoop.makePromise(of: Void.self)
            closing = closed
            let connection = WebSocketConnection(handler: self, context: context, closed: closed.futureResult)
            startKeepAlive(context)
            delegate.opened(connection)
            opening?.succeed(connection)
            opening = nil
            let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
            if !rest.isEmpty { receive(rest) }
        } catch {
            fail(error)
        }
    }

    /// Ends the connection with an error, whatever the phase; the second call does nothing.
    func fail(_ error: NetError) {
        guard phase != .closed else { return }
        guard let opening else { return end(.failed(error)) }
        self.opening = nil
        phase = .closed
        opening.fail(error)
        context?.close(promise: nil)
    }

    /// Ends an open connection: tells the delegate and closes the channel. The second call does nothing.
    func end(_ end: WebSocketEnd) {
        guard phase == .open || phase == .closing else { return }
        phase = .closed
        timers.values.forEach { $0.cancel() }
        timers = [:]
        delegate.closed(end)
        closing?.succeed()
        closing = nil
        context?.close(promise: nil)
        _ = share.hold(0)
        isStarved = false
        // TLS takes its leave by reading.
        resumeReading()
    }
}
