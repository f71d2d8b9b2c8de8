import NIOCore

extension WebSocketHandler {
    /// Between two looks for memory.
    private static let roomInterval = Duration.milliseconds(50)

    /// Hands on every message in the bytes. The delegate may close or pause at any of them.
    func receive(_ bytes: UnsafeRawBufferPointer) {
        bytesReceived += bytes.count
        keepAlive.heard()
        var cursor = 0
        do {
            while phase == .open || phase == .closing, let message = try reader.next(bytes, &cursor) {
                take(message)
            }
        } catch {
            sendClose(error.closeCode)
            end(phase == .closing ? .closedByUs : .failed(error.netError))
        }
        guard phase == .open || phase == .closing else { return }
        findRoom()
    }

    /// Reads on while there is room for the message under way, and looks again a moment later while there is none. The
    /// deadlines of those who wait for the message go on meanwhile.
    private func findRoom() {
        isStarved = !share.hold(reader.heldBytes)
        guard isStarved else { return readOn() }
        guard let context else { return }
        schedule(.memory, context, after: Self.roomInterval) { $0.findRoom() }
    }

    @inline(__always)
    private func take(_ message: FrameReader.Message) {
        switch message {
        case .text(let payload):
            guard phase == .open else { return }
            delegate.received(text: payload.assumingMemoryBound(to: UInt8.self))
        case .ping(let payload):
            guard countControlFrame() else { return }
            // A peer that pings and does not read gets no more pongs than it takes.
            if writes.queuedBytes < limits.queuedBytes { send(FrameWriter.frame(.pong, payload)) }
        case .pong:
            _ = countControlFrame()
        case .close(let code, let reason):
            if phase == .open { sendClose(code ?? 1000) }
            let text = String(decoding: reason, as: UTF8.self)
            end(phase == .closing ? .closedByUs : .closedByPeer(code: code, reason: text))
        }
    }

    /// False when that was one too many, and the connection is over.
    private func countControlFrame() -> Bool {
        controlFrames += 1
        guard controlFrames > limits.controlFrames else { return true }
        fail(NetError(.protocolViolation, .open, "flood of control frames"))
        return false
    }

    /// Sends a text message. Over the limit of waiting bytes the connection fails: the peer does not read.
    func send(text: [UInt8]) {
        guard phase == .open else { return }
        guard writes.queuedBytes + text.count <= limits.queuedBytes else {
            return fail(NetError(.writeTimeout, .open, "queue is full"))
        }
        send(text.withUnsafeBytes { FrameWriter.frame(.text, $0) })
    }

    /// Begins the closing handshake; the peer has `closeDeadline` for its part.
    func close(code: UInt16) {
        guard phase == .open, let context else { return }
        phase = .closing
        sendClose(code)
        resumeReading()
        schedule(.close, context, after: limits.closeDeadline) { $0.end(.closedByUs) }
    }

    /// Starts the timers of an open connection.
    func startKeepAlive(_ context: ChannelHandlerContext) {
        schedule(.keepAlive, context, after: limits.keepAlive) { $0.tickKeepAlive() }
        schedule(.writes, context, after: limits.writeDeadline) { $0.tickWrites() }
    }

    private func tickKeepAlive() {
        controlFrames = 0
        switch keepAlive.tick(isReading: !isPaused && !isStarved) {
        case .nothing: break
        case .ping: send(FrameWriter.frame(.ping, UnsafeRawBufferPointer(start: nil, count: 0)))
        case .dead: return fail(NetError(.keepAliveTimeout, .open))
        }
        if let context { schedule(.keepAlive, context, after: limits.keepAlive) { $0.tickKeepAlive() } }
    }

    private func tickWrites() {
        guard writes.isAlive() else { return fail(NetError(.writeTimeout, .open)) }
        if let context { schedule(.writes, context, after: limits.writeDeadline) { $0.tickWrites() } }
    }

    private func sendClose(_ code: UInt16) { send(FrameWriter.close(code)) }

    private func send(_ frame: ByteBuffer) {
        guard let context else { return }
        let count = frame.readableBytes
        writes.queued(count)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in self.writes.written(count) }
        context.writeAndFlush(wrapOutboundOut(frame), promise: written)
    }

    private func schedule(
        _ timer: Timer, _ context: ChannelHandlerContext, after delay: Duration,
        _ body: @escaping (WebSocketHandler) -> Void
    ) {
        timers[timer] = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { [weak self] in
            if let self { body(self) }
        }
    }
}
