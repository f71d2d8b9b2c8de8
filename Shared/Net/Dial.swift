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
        let left = max(end - .now(), .milliseconds(1))
        bootstrap(left).connect(host: target.endpoint.host, port: target.port)
            .assumeIsolated().whenComplete { self.connected($0) }
        return opening.futureResult.assumeIsolated().always { _ in
            timer.cancel()
            self.isOver = true
        }.nonisolated()
    }

    /// Races the addresses (RFC 8305): the resolver it is given knows nothing but them.
    private func bootstrap(_ left: TimeAmount) -> ClientBootstrap {
        ClientBootstrap(group: loop)
            .resolver(CheckedAddresses(target.addresses, port: target.port, loop))
            .connectTimeout(left)
            // Nothing is read before there is somebody to read it.
            .channelOption(.autoRead, value: false)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: WebSocketHandler.allocator(client.limits.receiveBytes))
    }

    private func connected(_ result: Result<any Channel, any Error>) {
        switch result {
        case .failure(let error):
            if !isOver { opening.fail(NetError(connecting: error)) }
        case .success(let channel) where isOver:
            channel.close(promise: nil)
        case .success(let channel):
            self.channel = channel
            if target.proxy == nil { addHandlers(channel) } else { addProxy(channel) }
            channel.setOption(.autoRead, value: true).whenFailure { _ in channel.close(promise: nil) }
        }
    }

    private func addProxy(_ channel: any Channel) {
        guard let conversation = target.proxy?.conversation(to: target.endpoint) else { return }
        step = .proxy
        let tunnel = loop.makePromise(of: Void.self)
        tunnel.futureResult.assumeIsolated().whenComplete { result in
            switch result {
            case .success: self.addHandlers(channel)
            case .failure(let error): self.fail(error)
            }
        }
        do {
            try channel.pipeline.syncOperations.addHandler(SOCKS5Handler(conversation, opened: tunnel))
        } catch {
            tunnel.fail(NetError(.connectionLost, .proxy))
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

/// Answers with addresses that were resolved and checked before; asks nobody.
final class CheckedAddresses: Resolver, Sendable {
    private let addresses: [ResolvedAddress]
    private let port: Int
    private let loop: any EventLoop

    init(_ addresses: [ResolvedAddress], port: Int, _ loop: any EventLoop) {
        self.addresses = addresses
        self.port = port
        self.loop = loop
    }

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { answer { $0.isIPv4 } }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { answer { !$0.isIPv4 } }

    func cancelQueries() {}

    private func answer(_ isWanted: (ResolvedAddress) -> Bool) -> EventLoopFuture<[SocketAddress]> {
        loop.makeSucceededFuture(addresses.filter(isWanted).compactMap { try? $0.socketAddress(port: port) })
    }
}
