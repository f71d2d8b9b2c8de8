import NIOCore
import NIOPosix
import Settings

/// What is dialled: the endpoint, and the checked addresses of it or of the proxy. All begin with its steps.
struct DialTarget: Sendable {
    let endpoint: Endpoint
    let proxy: ProxySettings?
    let addresses: [ResolvedAddress]

    /// Where the TCP connection goes.
    var port: Int { proxy?.address.port ?? endpoint.port }

    /// The step that follows TCP.
    var firstStep: NetError.Step { proxy == nil ? .connect : .proxy }

    /// Connects to one of the addresses and to nothing else, racing them (RFC 8305).
    ///
    /// Nothing is read before autoRead is switched on: first there must be somebody to read it.
    func connect(
        on loop: any EventLoop, until end: NIODeadline,
        options: (ClientBootstrap) -> ClientBootstrap = { $0 }
    ) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: loop)
            .resolver(CheckedAddresses(addresses, port: port, loop))
            .connectTimeout(max(end - .now(), .milliseconds(1)))
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
        return options(bootstrap).connect(host: endpoint.host, port: port)
    }

    /// Leads the proxy's conversation on a connected channel; done already where there is no proxy.
    func openTunnel(on channel: any Channel) -> EventLoopFuture<Void> {
        let tunnel = channel.eventLoop.makePromise(of: Void.self)
        guard let conversation = proxy?.conversation(to: endpoint) else {
            tunnel.succeed()
            return tunnel.futureResult
        }
        do {
            try channel.pipeline.syncOperations.addHandler(SOCKS5Handler(conversation, opened: tunnel))
        } catch {
            tunnel.fail(NetError(.connectionLost, .proxy))
        }
        return tunnel.futureResult
    }
}

/// Answers with addresses that were resolved and checked before; asks nobody.
private final class CheckedAddresses: Resolver, Sendable {
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

extension EventLoop {
    /// Makes an attempt on this loop and waits for its end.
    ///
    /// The future that `start` is given fails when the task is cancelled; the attempt ends itself then.
    func attempt<Value: Sendable>(
        _ start: @escaping @Sendable (EventLoopFuture<Void>) -> EventLoopFuture<Value>
    ) async throws(NetError) -> Value {
        let cancelled = makePromise(of: Void.self)
        defer { cancelled.succeed() }
        do {
            return try await withTaskCancellationHandler {
                try await flatSubmit { start(cancelled.futureResult) }.get()
            } onCancel: {
                cancelled.fail(NetError(.cancelled, .connect))
            }
        } catch {
            throw error as? NetError ?? NetError(.connectFailed, .connect, "\(error)")
        }
    }
}
