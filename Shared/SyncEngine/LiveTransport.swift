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

    /// The transport that the networks' settings describe.
    /// - Throws: `NetError` when the certificate authorities cannot be read.
    public init(networks: NetworksSettings, tls: TLSSettings = TLSSettings()) throws(NetError) {
        let client = try WebSocketClient(guard: AddressGuard(allowsLocal: networks.local.enabled), tls: tls)
        let proxies = Network.allCases.compactMap { network in
            networks[network].proxy.flatMap { ProxyAddress($0) }.map { (network, ProxySettings(address: $0)) }
        }
        let dialer = RelayDialer(
            webSocket: client, proxies: Dictionary(proxies, uniquingKeysWith: { first, _ in first }))
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
}

/// One real connection.
private struct LiveSession: RelaySession {
    let connection: RelayConnection

    func page(_ filter: Filter, budget: PageBudget) async throws -> RawPage {
        let subscription: Subscription
        do {
            subscription = try await connection.subscribe([filter], limits: SubscriptionLimits(budget))
        } catch {
            return RawPage(chunks: [], ending: .inconclusive(.disconnected), failure: error.kind)
        }
        var chunks: [EventChunk] = []
        while true {
            switch try await subscription.next() {
            case .events(let chunk): chunks.append(chunk)
            case .caughtUp: break
            case .end(let end):
                await subscription.close()
                return RawPage(chunks: chunks, ending: PageEnding(end), failure: end.failure)
            }
        }
    }

    func close() async { await connection.close() }
}

extension SubscriptionLimits {
    fileprivate init(_ budget: PageBudget) {
        self.init()
        maxEvents = budget.events
        maxBytes = budget.bytes
        progressTimeout = budget.progressTimeout
        totalTimeout = budget.totalTimeout
    }
}

extension SubscriptionEnd {
    fileprivate var failure: String? {
        if case .broken(let error) = self { error.kind } else { nil }
    }
}

extension PageEnding {
    fileprivate init(_ end: SubscriptionEnd) {
        self =
            switch end {
            case .eose(let hint): .conclusive(hint: hint)
            case .closed(let prefix, _): .inconclusive(InconclusiveReason(prefix))
            case .timedOut: .inconclusive(.timedOut)
            // One answer larger than a message may be: fewer events a page do not help, but the interval gets its
            // reason.
            case .broken(let error) where error.kind == "message_too_large": .inconclusive(.overBudget)
            case .broken, .cancelled: .inconclusive(.disconnected)
            case .overBudget: .inconclusive(.overBudget)
            }
    }
}

extension InconclusiveReason {
    /// What a CLOSED prefix means for paging (NIP-01, NIP-42).
    fileprivate init(_ prefix: ReasonPrefix?) {
        self =
            switch prefix {
            case .authRequired: .authRequired
            case .restricted, .blocked, .mute: .restricted
            case .rateLimited: .rateLimited
            default: .closed
            }
    }
}

extension NetworksSettings {
    /// The settings of one network.
    subscript(_ network: Network) -> NetworkSettings {
        switch network {
        case .clearnet: clearnet
        case .tor: tor
        case .i2p: i2p
        case .loki: loki
        case .local: local
        }
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
