import NIOCore
import NIOPosix
import NIOSSL

/// One attempt to open a connection, on one event loop, under one deadline.
final class Dial {
    private let target: DialTarget
    private let client: WebSocketClient
    private let loop: any EventLoop
    private let delegate: any WebSocketDelegate
    private let opening: EventLoopPromise<WebSocketConnection>
    private var channel: (any Channel)?
    private var handler: WebSocketHandler?
    private var step = NetError.Step.connect
    private var isOver = false

    init(_ target: DialTarget, _ client: WebSocketClient, _ loop: any EventLoop, _ delegate: any WebSocketDelegate) {
        self.target = target
        self.client = client
        self.loop = loop
        self.delegate = delegate
        opening = loop.makePromise()
    }

    /// The connection or a NetError, at the latest at `end` or when `cancelled` fails.
    func start(until end: NIODeadline, cancelled: EventLoopFuture<Void>) -> EventLoopFuture<WebSocketConnection> {
        let timer = loop.assumeIsolated().scheduleTask(deadline: end) { self.fail(.timeout) }
        cancelled.assumeIsolated().whenFailure { _ in self.fail(.cancelled) }
        target.connect(on: loop, until: end) {
            $0.channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.recvAllocator, value: WebSocketHandler.allocator(client.limits.receiveBytes))
        }.assumeIsolated().whenComplete { self.connected($0) }
        return opening.futureResult.assumeIsolated().always { _ in
            timer.cancel()
            self.isOver = true
        }.nonisolated()
    }

    private func connected(_ result: Result<any Channel, any Error>) {
        switch result {
        case .failure(let error):
            if !isOver { opening.fail(NetError(connecting: error)) }
        case .success(let channel) where isOver:
            channel.close(promise: nil)
        case .success(let channel):
            self.channel = channel
            step = target.firstStep
            target.openTunnel(on: channel).assumeIsolated().whenComplete { result in
                switch result {
                case .success: self.addHandlers(channel)
                case .failure(let error): self.fail(error)
                }
            }
            channel.setOption(.autoRead, value: true).whenFailure { _ in channel.close(promise: nil) }
        }
    }

    private func addHandlers(_ channel: any Channel) {
        guard !isOver else { return }
        let endpoint = target.endpoint
        let handler = WebSocketHandler(
            endpoint: endpoint, limits: client.limits, delegate: delegate, memory: client.memory,
            opening: opening)
        do {
            let pipeline = channel.pipeline.syncOperations
            if endpoint.isSecure {
                // An address literal is no server name (RFC 6066, 3); the certificate must hold the address then.
                let name = ResolvedAddress(literal: endpoint.host) == nil ? endpoint.host : nil
                try pipeline.addHandler(NIOSSLClientHandler(context: client.tls, serverHostname: name))
            }
            self.handler = handler
            try pipeline.addHandler(handler)
        } catch {
            self.handler = nil
            fail(NetError(.tlsHandshake, .tls, "\(error)"))
        }
    }

    private func fail(_ error: any Error) {
        fail(error as? NetError ?? NetError(.connectionLost, step))
    }

    private func fail(_ kind: NetError.Kind) {
        fail(NetError(kind, handler?.step ?? step))
    }

    private func fail(_ error: NetError) {
        guard !isOver else { return }
        // The handler fulfils the promise once it has it; both ways close the channel.
        if let handler { return handler.fail(error) }
        opening.fail(error)
        channel?.close(promise: nil)
    }
}
