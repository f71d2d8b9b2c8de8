public import Settings

/// By which road a URL is fetched: overlay networks through their proxies, everything else as clearnet is set up.
public struct HTTPRoutes: Sendable {
    private let networks: NetworksSettings

    /// With the proxies of the settings. Whether relays of a network are contacted does not matter here.
    public init(networks: NetworksSettings) { self.networks = networks }

    /// The proxy for a URL; nil is the direct way.
    /// - Throws: `bad_url`; `no_proxy` for an overlay network that has none.
    public func proxy(for url: String) throws(FetchError) -> ProxySettings? {
        let target = try HTTPURL(url)
        let text = setting(target).flatMap { ProxyAddress($0) }
        guard let text else {
            if target.isOverlay { throw FetchError(.noProxy, target.host) }
            return nil
        }
        return ProxySettings(address: text)
    }

    private func setting(_ url: HTTPURL) -> String? {
        guard url.isOverlay else { return networks.clearnet.proxy }
        let name = url.host.hasSuffix(".") ? url.host.dropLast() : url.host[...]
        if name.hasSuffix(".onion") { return networks.tor.proxy }
        return name.hasSuffix(".i2p") ? networks.i2p.proxy : networks.loki.proxy
    }
}
