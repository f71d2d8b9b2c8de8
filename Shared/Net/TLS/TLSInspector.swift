public import NIOCore
import NIOPosix
import Settings

/// Looks at how a server presents itself in TLS: a handshake that goes on whatever the certificate is, and a connection
/// that is closed before anything was said on it. Verified connections are `WebSocketClient`'s and `HTTPFetcher`'s.
public struct TLSInspector: Sendable {
    /// Certificates of a chain that are described.
    public static let mostCertificates = 8
    /// Bytes taken of a server: its chain, and room for all else that a handshake needs.
    static let mostBytes = TLSTrust.mostChainBytes + 64 << 10

    let trust: TLSTrust
    private let group: any EventLoopGroup
    private let resolver: any AddressResolver
    private let addressGuard: AddressGuard

    /// Loads the trust roots; `trust_roots` when that fails. Without a group, the process's own.
    public init(
        group: (any EventLoopGroup)? = nil, resolver: any AddressResolver = SystemResolver.shared,
        guard: AddressGuard = AddressGuard(), tls: TLSSettings = TLSSettings()
    ) throws(NetError) {
        self.group = group ?? MultiThreadedEventLoopGroup.singleton
        self.resolver = resolver
        addressGuard = `guard`
        trust = try TLSTrust(tls)
    }

    /// What a server shows. Ends within `limit`, which covers name, TCP, proxy and handshake together.
    /// - Parameters:
    ///   - address: where to connect, as an earlier connection did; the guard looks at it all the same. Without one
    ///     the name is resolved once, and the connection goes to an address that was checked.
    ///   - proxy: resolves the name itself; `address` does not matter then.
    /// - Throws: why there was no handshake. A certificate that does not verify is no reason.
    public func inspect(
        _ endpoint: Endpoint, at address: ResolvedAddress? = nil, proxy: ProxySettings? = nil, within limit: Duration
    ) async throws(NetError) -> TLSFacts {
        try endpoint.validated()
        let end = NIODeadline.now() + TimeAmount(limit)
        let addresses: [ResolvedAddress]
        if let proxy {
            addresses = try await resolver.addresses(of: proxy.address.host, within: limit)
        } else if let address {
            addresses = try addressGuard.filter([address])
        } else {
            addresses = try addressGuard.filter(await resolver.addresses(of: endpoint.host, within: limit))
        }
        let target = DialTarget(endpoint: endpoint, proxy: proxy, addresses: addresses)
        let loop = group.next()
        return try await loop.attempt { TLSInspection(target, trust, loop).start(until: end, cancelled: $0) }
    }
}
