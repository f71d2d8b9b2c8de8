import NIOCore

/// Leads a handshake on a connected channel, tells what it showed, and hangs up. Nothing else is ever sent.
final class TLSInspectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let session: TLSSession
    private var result: EventLoopPromise<TLSFacts>?
    private var bytesLeft: Int

    /// - Parameter mostBytes: taken of the peer.
    init(_ session: TLSSession, mostBytes: Int, result: EventLoopPromise<TLSFacts>) {
        self.session = session
        self.result = result
        bytesLeft = mostBytes
    }

    func handlerAdded(context: ChannelHandlerContext) { move(UnsafeRawBufferPointer(start: nil, count: 0), context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard result != nil else { return }
        let buffer = unwrapInboundIn(data)
        bytesLeft -= buffer.readableBytes
        guard bytesLeft >= 0 else { return finish(.failure(NetError(.messageTooLarge, .tls)), context) }
        buffer.withUnsafeReadableBytes { move($0, context) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.failure(NetError(.connectionLost, .tls)), context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.failure(NetError(.connectionLost, .tls)), context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish(.failure(NetError(.connectionLost, .tls)), context)
    }

    private func move(_ bytes: UnsafeRawBufferPointer, _ context: ChannelHandlerContext) {
        let step = session.feed(bytes)
        if step == .wait {
            let outgoing = session.takeOutgoing()
            if !outgoing.isEmpty { context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: outgoing)), promise: nil) }
            return
        }
        if case .done(let facts) = step { finish(.success(facts), context) }
        if case .failed(let reason) = step { finish(.failure(NetError(.tlsHandshake, .tls, reason)), context) }
    }

    /// Once.
    private func finish(_ facts: Result<TLSFacts, NetError>, _ context: ChannelHandlerContext) {
        guard let promise = result else { return }
        result = nil
        promise.completeWith(facts.mapError { $0 as any Error })
        context.close(promise: nil)
    }
}
