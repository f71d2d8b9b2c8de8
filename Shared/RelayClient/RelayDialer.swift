public import Net
public import Nostr
public import Settings

/// Connects to relays, each by the road of its network.
public struct RelayDialer: Sendable {
    private let webSocket: WebSocketClient
    private let proxies: [Network: ProxySettings]
    private let limits: RelayLimits
    private let authenticator: (any RelayAuthenticator)?

    /// Networks in `proxies` go through that proxy; overlay networks without one cannot be reached.
    public init(
        webSocket: WebSocketClient, proxies: [Network: ProxySettings] = [:], limits: RelayLimits = .init(),
        authenticator: (any RelayAuthenticator)? = nil
    ) {
        self.webSocket = webSocket
        self.proxies = proxies
        self.limits = limits
        self.authenticator = authenticator
    }

    /// The way to the relays of each network that the core file describes.
    /// - Throws: `NetError` when the certificate authorities cannot be read.
    public init(
        networks: NetworksSettings, limits: LimitsSettings = LimitsSettings(), tls: TLSSettings = TLSSettings(),
        authenticator: (any RelayAuthenticator)? = nil
    ) throws(NetError) {
        let client = try WebSocketClient(
            guard: AddressGuard(allowsLocal: networks.local.enabled), tls: tls, limits: WebSocketLimits(limits))
        self.init(
            webSocket: client, proxies: Self.proxies(networks), limits: RelayLimits(limits),
            authenticator: authenticator)
    }

    /// The proxies that the core file names.
    public static func proxies(_ networks: NetworksSettings) -> [Network: ProxySettings] {
        let proxies = Network.allCases.compactMap { network in
            networks[network].proxy.flatMap { ProxyAddress($0) }.map { (network, ProxySettings(address: $0)) }
        }
        return Dictionary(proxies, uniquingKeysWith: { first, _ in first })
    }

    /// Connects within `timeout`, which covers everything up to the accepted upgrade.
    /// `.net` with kind `no_proxy` for an overlay host without a proxy.
    public func connect(_ url: RelayURL, timeout: Duration = .seconds(10)) async throws(RelayError) -> RelayConnection {
        let proxy = proxies[url.network]
        if proxy == nil, url.network.isOverlay { throw .net(NetError(.noProxy, .proxy, url.network.rawValue)) }
        let endpoint = Endpoint(isSecure: url.isSecure, host: url.host, port: url.port, path: url.path)
        let loop = webSocket.nextEventLoop()
        let session = RelaySession(
            loop: loop, core: SessionCore(url: url, limits: limits, authenticator: authenticator, loop: loop))
        do {
            let socket = try await webSocket.connect(
                endpoint, proxy: proxy, within: timeout, on: loop, delegate: session)
            return RelayConnection(url: url, isProxied: proxy != nil, session: session, socket: socket)
        } catch {
            throw .net(error)
        }
    }
}

extension NetworksSettings {
    /// The settings of one network.
    public subscript(_ network: Network) -> NetworkSettings {
        switch network {
        case .clearnet: clearnet
        case .tor: tor
        case .i2p: i2p
        case .loki: loki
        case .local: local
        }
    }
}
