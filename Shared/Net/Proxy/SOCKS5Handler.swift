import NIOCore

/// Leads the SOCKS5 conversation on a connected channel, then hands everything through.
final class SOCKS5Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var conversation: SOCKS5
    private var opened: EventLoopPromise<Void>?

    /// `opened` is fulfilled on the event loop, before any byte of the host is passed on.
    init(_ conversation: SOCKS5, opened: EventLoopPromise<Void>) {
        self.conversation = conversation
        self.opened = opened
    }

    func handlerAdded(context: ChannelHandlerContext) { send(conversation.greeting, context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard opened != nil else { return context.fireChannelRead(data) }
        var step = conversation.feed([UInt8](unwrapInboundIn(data).readableBytesView))
        while case .send(let bytes) = step {
            send(bytes, context)
            step = conversation.feed([])
        }
        switch step {
        case .send, .wait:
            return
        case .failed(let error):
            finish(.failure(error))
        case .connected(let leftover):
            finish(.success(()))
            if !leftover.isEmpty { context.fireChannelRead(wrapInboundOut(ByteBuffer(bytes: leftover))) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.failure(NetError(.connectionLost, .proxy)))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.failure(NetError(.connectionLost, .proxy)))
        context.fireErrorCaught(error)
    }

    func handlerRemoved(context: ChannelHandlerContext) { finish(.failure(NetError(.connectionLost, .proxy))) }

    private func finish(_ result: Result<Void, NetError>) {
        let promise = opened
        opened = nil
        promise?.completeWith(result.mapError { $0 as any Error })
    }

    private func send(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }
}

extension SOCKS5Handler {
    typealias InboundOut = ByteBuffer
}
