public import Settings

/// A SOCKS5 proxy and how its streams are kept apart.
public struct ProxySettings: Sendable, Hashable {
    /// Where the proxy listens. It is exempt from the address guard.
    public let address: ProxyAddress
    /// Sends the host's name as the user name when the address carries none, so that Tor gives each relay
    /// a circuit of its own and one slow circuit does not hold up the others.
    public let isolatesStreams: Bool

    /// Streams are isolated unless asked otherwise.
    public init(address: ProxyAddress, isolatesStreams: Bool = true) {
        self.address = address
        self.isolatesStreams = isolatesStreams
    }

    /// The conversation that opens a tunnel to an endpoint.
    func conversation(to endpoint: Endpoint) -> SOCKS5 {
        let (user, password) = credentials(for: endpoint.host)
        return SOCKS5(host: endpoint.host, port: endpoint.port, user: user, password: password)
    }

    /// What the proxy is told for a host; both empty when it is told nothing.
    func credentials(for host: String) -> (user: String, password: String) {
        let user = address.user?.withExposed { $0 } ?? (isolatesStreams ? host : "")
        return (user, address.password?.withExposed { $0 } ?? (user.isEmpty ? "" : "bigbrotr"))
    }
}
