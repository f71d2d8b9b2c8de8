import Net
import Nostr
import RelayClient
import ServiceKit
import Settings

/// The probes that look at a relay's host, not at what the relay says. Each may be absent.
struct HostProbes: Sendable {
    /// Questions to name servers at one time; each has a socket.
    private static let mostQuestions = 512

    var settings = CheckSettings()
    var proxies: [Network: ProxySettings] = [:]
    var dns: DNSProbe?
    var tls: TLSProbe?
    var geo: GeoProbe?

    /// None.
    init() {}

    /// All that the settings ask for.
    /// - Parameter path: the path that a setting means.
    /// - Throws: `NetError` when the certificate authorities cannot be read; `DNSError` without a thread.
    init(
        _ settings: CheckSettings, networks: NetworksSettings, tls: TLSSettings, clock: MonotonicClock,
        path: (String) -> String = { $0 }
    ) throws {
        let addressGuard = AddressGuard(allowsLocal: networks.local.enabled)
        self.settings = settings
        proxies = RelayDialer.proxies(networks)
        let client = try DNSClient(
            servers: settings.dnsServers.compactMap { NameServer($0) }, mostQuestions: Self.mostQuestions)
        dns = DNSProbe(client: client, addressGuard: addressGuard, clock: clock)
        self.tls = TLSProbe(inspector: try TLSInspector(guard: addressGuard, tls: tls), clock: clock)
        if settings.geo.isConfigured {
            let files = GeoFiles(cityPath: settings.geo.city.map(path), networkPath: settings.geo.asn.map(path))
            geo = GeoProbe(files: files, clock: clock)
        }
    }

    /// Looks whether files were replaced: once a cycle.
    /// - Returns: why new ones cannot be read where the old ones stay in use.
    /// - Throws: `GeoFileError` for a file that never could.
    func refresh() throws -> [GeoFileError] { try geo?.files.refresh() ?? [] }

    /// Runs what makes sense for this relay.
    /// - Parameters:
    ///   - address: the one that the WebSocket was connected to; nil without a connection, and behind a proxy.
    ///   - left: how much of a probe's time there is, by its setting.
    /// - Throws: `CancellationError`.
    func run(
        _ url: RelayURL, _ open: OpenResult, at address: ResolvedAddress?,
        left: @Sendable (Seconds) -> Duration
    ) async throws -> HostReport {
        var report = HostReport()
        async let shown = tls(url, open, at: address, within: left(settings.tlsTimeout))
        // Behind a proxy neither names nor addresses are ours to see, and asking for them would go round it.
        if proxies[url.network] == nil, !url.network.isOverlay {
            let literal = ResolvedAddress(literal: url.host)
            if literal == nil {
                report.dns = try await dns?.run(url, connectedTo: address, within: left(settings.dnsTimeout))
            }
            if let geo, let place = address ?? literal ?? report.dns?.addresses.first {
                (report.geo, report.network) = geo.run(place)
            }
        }
        report.tls = try await shown
        return report
    }

    /// Not looked at where there is no TLS, or no host was found that could speak it.
    private func tls(
        _ url: RelayURL, _ open: OpenResult, at address: ResolvedAddress?, within limit: Duration
    ) async throws -> TLSResult? {
        guard url.isSecure, open.hasReachedHost, let tls else { return nil }
        return try await tls.run(url, at: address, proxy: proxies[url.network], within: limit)
    }
}

/// What they found; nil for what was not tried.
struct HostReport: Sendable, Equatable {
    /// What name servers say.
    var dns: DNSResult?
    /// What the host shows in TLS.
    var tls: TLSResult?
    /// Where its address is.
    var geo: GeoResult?
    /// Whose its address is.
    var network: NetworkResult?

    /// As they are stored, each under its name.
    var documents: [(String, JSONValue?)] {
        [("dns", dns?.document), ("tls", tls?.document), ("geo", geo?.document), ("network", network?.document)]
    }
}

extension HostReport {
    /// Where its address is (NIP-52); nil when that is not known.
    var geohash: String? { geo?.place.geohash }

    /// What is known of the address, as labels of NIP-32 in the namespaces that other monitors use.
    var labels: [(value: String, namespace: String)] {
        [
            (geo?.place.country, DiscoveryEvent.country), (network?.network.number.map { "AS\($0)" }, "host.as"),
            (network?.network.organisation, "host.isp"),
        ].compactMap { value, namespace in value.map { (value: $0, namespace: namespace) } }
    }
}
