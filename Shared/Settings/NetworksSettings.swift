/// How relays of one network are reached.
public struct NetworkSettings: SettingsSection {
    /// Whether relays of this network are contacted at all.
    public var enabled: Bool
    /// SOCKS5 proxy, `socks5://host:port`; names are resolved by the proxy. Needed for every overlay network.
    public var proxy: String?
    /// Connections open at one time from one replica, 1 to 10,000. Too many: open files and memory run out.
    public var maxConnections: Int
    /// For a connection to come about, proxy and TLS included. Too small: slow relays count as down.
    public var timeout: Seconds

    /// Enabled, direct, 100 connections, 10 s.
    public init() { self.init(enabled: true, maxConnections: 100, timeout: 10) }

    /// The given values, unchecked.
    public init(enabled: Bool, proxy: String? = nil, maxConnections: Int, timeout: Seconds) {
        self.enabled = enabled
        self.proxy = proxy
        self.maxConnections = maxConnections
        self.timeout = timeout
    }

    /// Ranges, and the form of the proxy's address.
    public func validate(into problems: inout Validation) {
        problems.check("max_connections", maxConnections, in: 1...10_000)
        problems.check("timeout", timeout, in: 0.1...600)
        if let proxy {
            problems.require(
                ProxyAddress(proxy) != nil, "proxy", given: ProxyAddress.withoutPassword(proxy),
                allowed: "socks5://host:port or socks5h://host:port")
        }
    }
}

/// The networks that relays live in. Tor, I2P and Loki are reached through a proxy only.
public struct NetworksSettings: SettingsSection {
    /// The public internet.
    public var clearnet = NetworkSettings(enabled: true, maxConnections: 100, timeout: 10)
    /// Onion services.
    public var tor = NetworkSettings(enabled: false, maxConnections: 20, timeout: 30)
    /// I2P sites.
    public var i2p = NetworkSettings(enabled: false, maxConnections: 10, timeout: 45)
    /// Lokinet sites.
    public var loki = NetworkSettings(enabled: false, maxConnections: 5, timeout: 45)
    /// Loopback and private addresses: the only switch that allows them, for tests and relays of one's own.
    public var local = NetworkSettings(enabled: false, maxConnections: 100, timeout: 10)

    /// Clearnet alone.
    public init() {}

    /// An enabled overlay network needs a proxy.
    public func validate(into problems: inout Validation) {
        for (name, network) in [("tor", tor), ("i2p", i2p), ("loki", loki)] {
            problems.require(
                !network.enabled || network.proxy != nil, "\(name).enabled", given: "true without a proxy",
                allowed: "false, or true together with networks.\(name).proxy"
                    + (name == "tor" ? " or SOCKS5_PROXY_URL" : ""))
        }
    }
}
