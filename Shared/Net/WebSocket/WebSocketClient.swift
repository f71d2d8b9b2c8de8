public import NIOCore
import NIOPosix
import NIOSSL
import Settings

/// Opens WebSocket connections: resolve, check every address, race the good ones, TLS, upgrade.
public struct WebSocketClient: Sendable {
    let group: any EventLoopGroup
    let resolver: any AddressResolver
    let `guard`: AddressGuard
    let tls: NIOSSLContext
    /// Bounds of every connection of this client.
    public let limits: WebSocketLimits
    let memory: MessageMemory

    /// Loads the trust roots; `trust_roots` when that fails. Without a group, the process's own.
    public init(
        group: (any EventLoopGroup)? = nil, resolver: any AddressResolver = SystemResolver.shared,
        guard: AddressGuard = AddressGuard(), tls: TLSSettings = TLSSettings(), limits: WebSocketLimits = .init()
    ) throws(NetError) {
        self.group = group ?? MultiThreadedEventLoopGroup.singleton
        self.resolver = resolver
        self.guard = `guard`
        self.tls = try tls.context()
        self.limits = limits
        // A message that is read grows by doubling, in one piece or in fragments of which the last one is under way.
        memory = MessageMemory(bytes: max(limits.sharedBytes, 4 * limits.messageBytes))
    }

    /// Connects within `deadline`, which covers name, TCP, proxy, TLS and upgrade together; the error's step says
    /// how far it came. With a proxy, the name is not resolved here. The name is resolved once, and the connection
    /// goes to an address that was checked: a name that answers differently the next time gains nothing.
    /// `loop` is one of `nextEventLoop()`, for a delegate that must know its loop beforehand.
    public func connect(
        _ endpoint: Endpoint, proxy: ProxySettings? = nil, within deadline: Duration = .seconds(10),
        on loop: (any EventLoop)? = nil, delegate: any WebSocketDelegate
    ) async throws(NetError) -> WebSocketConnection {
        try endpoint.validated()
        let end = NIODeadline.now() + TimeAmount(deadline)
        let addresses: [ResolvedAddress]
        if let proxy {
            addresses = try await resolver.addresses(of: proxy.address.host, within: deadline)
        } else {
            addresses = try `guard`.filter(await resolver.addresses(of: endpoint.host, within: deadline))
        }
        let target = DialTarget(endpoint: endpoint, proxy: proxy, addresses: addresses)
        return try await dial(target, until: end, loop ?? group.next(), delegate)
    }

    /// One of the loops of the group, in turn.
    public func nextEventLoop() -> any EventLoop { group.next() }

    private func dial(
        _ target: DialTarget, until end: NIODeadline, _ loop: any EventLoop, _ delegate: any WebSocketDelegate
    ) async throws(NetError) -> WebSocketConnection {
        try await loop.attempt { Dial(target, self, loop, delegate).start(until: end, cancelled: $0) }
    }
}
