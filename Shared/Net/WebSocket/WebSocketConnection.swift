public import NIOCore

/// An open WebSocket. What it brings goes to its delegate; from here one sends, pauses and closes.
public final class WebSocketConnection: Sendable {
    /// Where the delegate is called.
    public let eventLoop: any EventLoop
    /// The address that was connected to; the proxy's when there is one.
    public let remoteAddress: ResolvedAddress?

    private let handler: NIOLoopBound<WebSocketHandler>
    private let channel: any Channel
    private let closed: EventLoopFuture<Void>

    init(handler: WebSocketHandler, context: ChannelHandlerContext, closed: EventLoopFuture<Void>) {
        eventLoop = context.eventLoop
        remoteAddress = context.remoteAddress.flatMap(ResolvedAddress.init)
        channel = context.channel
        self.handler = NIOLoopBound(handler, eventLoop: context.eventLoop)
        self.closed = closed
    }

    /// Bytes that came in since the upgrade, frame headers included. Event loop only.
    public var bytesReceived: Int { handler.value.bytesReceived }

    /// Sends a text message. From anywhere; messages keep their order. After the end it does nothing.
    public func send(text: [UInt8]) { onLoop { $0.send(text: text) } }

    /// Stops asking the socket for bytes, so that the peer comes to wait. What was read already is still delivered:
    /// at most one receive buffer, or what the kernel holds when the peer has closed its side.
    public func pauseReading() { onLoop { $0.isPaused = true } }

    /// Goes on after `pauseReading`.
    public func resumeReading() { onLoop { $0.resumeReading() } }

    /// Larger reads while much is expected; a connection that goes idle gives the memory back by leaving bulk.
    public func setBulk(_ isBulk: Bool) { onLoop { $0.setBulk(isBulk) } }

    /// Says goodbye with the given status (RFC 6455, 7.4) and waits until the connection is over:
    /// at most `closeDeadline`.
    public func close(code: UInt16 = 1000) async {
        onLoop { $0.close(code: code) }
        // The promise is only ever succeeded.
        try? await closed.get()
    }

    /// Ends the connection at once, without a goodbye; the delegate is told this error.
    public func abort(_ error: NetError) { onLoop { $0.fail(error) } }

    private func onLoop(_ body: @escaping @Sendable (WebSocketHandler) -> Void) {
        if eventLoop.inEventLoop {
            body(handler.value)
        } else {
            eventLoop.execute { [handler] in body(handler.value) }
        }
    }
}

extension WebSocketHandler {
    /// Sets the read buffer and the reads a turn of the loop.
    func setBulk(_ isBulk: Bool) {
        guard let options = context?.channel.syncOptions else { return }
        let bytes = isBulk ? limits.bulkReceiveBytes : limits.receiveBytes
        // Both options exist on every socket channel; an embedded one in tests may lack them.
        try? options.setOption(.recvAllocator, value: Self.allocator(bytes))
        let reads: UInt = isBulk ? 4 : 1
        try? options.setOption(.maxMessagesPerRead, value: reads)
    }

    static func allocator(_ bytes: Int) -> any RecvByteBufferAllocator {
        let limit = max(bytes, 1_024)
        return AdaptiveRecvByteBufferAllocator(minimum: 1_024, initial: min(2_048, limit), maximum: limit)
    }
}
