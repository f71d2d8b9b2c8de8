public import Net
public import Nostr
public import RelayClient
public import Settings

/// Relays over the real network.
public struct LiveTransport: RelayTransport {
    private let dialer: RelayDialer
    private let connectTimeout: @Sendable (Network) -> Duration

    /// A transport that dials through `dialer`.
    /// - Parameter connectTimeout: for resolving, TCP, TLS and the WebSocket upgrade together.
    public init(dialer: RelayDialer, connectTimeout: @escaping @Sendable (Network) -> Duration) {
        self.dialer = dialer
        self.connectTimeout = connectTimeout
    }

    /// The transport that the core file describes. It authenticates to relays with a key of its own, made here.
    /// - Parameter wallClock: the time that is signed when a relay asks who we are.
    /// - Throws: `NetError` when the certificate authorities cannot be read.
    public init(
        networks: NetworksSettings, limits: LimitsSettings = LimitsSettings(), tls: TLSSettings = TLSSettings(),
        wallClock: @escaping @Sendable () -> UnixTime = UnixTime.wallClock
    ) throws(NetError) {
        let dialer = try RelayDialer(
            networks: networks, limits: limits, tls: tls, authenticator: SigningAuthenticator(now: wallClock))
        self.init(dialer: dialer) { networks[$0].timeout.duration }
    }

    /// Connects within the network's timeout.
    public func connect(to url: RelayURL) async throws -> any RelaySession {
        LiveSession(connection: try await dialer.connect(url, timeout: connectTimeout(url.network)))
    }

    /// The kind of a `RelayError`.
    public func failureKind(_ error: any Error) -> String {
        (error as? RelayError)?.kind ?? "unknown"
    }

    /// What a `RelayError` carries of the relay's Retry-After.
    public func retryAfter(_ error: any Error) -> Duration? {
        guard let error = error as? RelayError, case .retry(let wait) = error.disposition else { return nil }
        return wait
    }
}

extension SyncCrew {
    /// The slots that the networks' settings allow; a disabled network is absent.
    public static func slots(_ networks: NetworksSettings) -> Slots {
        var slots: Slots = [:]
        for network in Network.allCases where networks[network].enabled {
            slots[network] = networks[network].maxConnections
        }
        return slots
    }
}
