public import Net
public import Nostr

/// An open connection to a relay, for any number of requests within the limits.
public final class RelayConnection: Sendable {
    /// The URL that was dialled.
    public let url: RelayURL

    private let session: RelaySession
    private let socket: WebSocketConnection

    init(url: RelayURL, session: RelaySession, socket: WebSocketConnection) {
        self.url = url
        self.session = session
        self.socket = socket
    }

    deinit { session.execute { $0.connection?.abort(NetError(.cancelled, .open)) } }

    /// The address that was connected to; the proxy's when there is one.
    public var remoteAddress: ResolvedAddress? { socket.remoteAddress }

    /// Sends REQ. Throws when the connection is over or has its most subscriptions.
    public func subscribe(
        _ filters: [Filter], limits: SubscriptionLimits = .init()
    ) async throws(RelayError) -> Subscription {
        let opened = await session.submit { core in
            core.subscribe(filters, limits).map { (number: $0.number, mailbox: $0.mailbox) }
        }
        guard let opened else { throw .closedByUs }
        let (number, mailbox) = try opened.get()
        return Subscription(number: number, mailbox: mailbox, session: session, connection: self)
    }

    /// Sends NEG-OPEN with a first message in binary. Throws when the connection is over or has its most
    /// reconciliations.
    public func reconcile(
        _ filter: Filter, opening: [UInt8], limits: ReconciliationLimits = .init()
    ) async throws(RelayError) -> Reconciliation {
        let opened = await session.submit { core in
            core.reconcile(filter, opening, limits).map { (number: $0.number, mailbox: $0.mailbox) }
        }
        guard let opened else { throw .closedByUs }
        let (number, mailbox) = try opened.get()
        return Reconciliation(number: number, mailbox: mailbox, session: session, connection: self)
    }

    /// What the connection has seen so far.
    public func statistics() async -> RelayStatistics {
        await session.submit { core in
            core.statistics.bytesReceived = core.connection?.bytesReceived ?? core.statistics.bytesReceived
            return core.statistics
        } ?? RelayStatistics()
    }

    /// Why the connection is over; nil while it is open.
    public func ending() async -> RelayError? { await session.submit { $0.ending } ?? .closedByUs }

    /// Larger reads while much is expected. Costs memory until it is taken back.
    public func setBulk(_ isBulk: Bool) { socket.setBulk(isBulk) }

    /// Ends every request with `.broken(.closedByUs)` and says goodbye; waits for it at most the close deadline.
    public func close() async { await socket.close() }
}
