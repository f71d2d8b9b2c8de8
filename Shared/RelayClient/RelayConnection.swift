public import Net
public import Nostr

/// An open connection to a relay, for any number of requests within the limits.
public final class RelayConnection: Sendable {
    /// The URL that was dialled.
    public let url: RelayURL

    /// Whether a proxy stands between us and the relay.
    public let isProxied: Bool

    private let session: RelaySession
    private let socket: WebSocketConnection

    init(url: RelayURL, isProxied: Bool, session: RelaySession, socket: WebSocketConnection) {
        self.url = url
        self.isProxied = isProxied
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

    /// Sends COUNT and waits for what becomes of it; `.broken` when the connection is over or has its most COUNTs.
    /// - Throws: `CancellationError`.
    public func count(_ filters: [Filter], timeout: Duration) async throws -> CountEnd {
        let opened = await session.submit { core in
            core.count(filters, timeout).map { (number: $0.number, mailbox: $0.mailbox) }
        }
        switch opened {
        case nil: return .broken(.closedByUs)
        case .failure(let error): return .broken(error)
        case .success(let (number, mailbox)):
            do {
                return try await mailbox.next {}.end
            } catch {
                session.execute { $0.cancelCount(number) }
                throw error
            }
        }
    }

    /// Sends EVENT and waits for its OK; `.broken` when the connection is over or has its most EVENTs under way. One
    /// that was refused for the want of AUTH may be sent once more behind `authenticate`.
    /// - Throws: `CancellationError`.
    public func publish(_ event: Event, timeout: Duration) async throws -> PublicationEnd {
        let opened = await session.submit { core in
            core.publish(event, timeout).map { (number: $0.number, mailbox: $0.mailbox) }
        }
        switch opened {
        case nil: return .broken(.closedByUs)
        case .failure(let error): return .broken(error)
        case .success(let (number, mailbox)):
            do {
                return try await mailbox.next {}.end
            } catch {
                session.execute { $0.cancelPublication(number) }
                throw error
            }
        }
    }

    /// To be called when a request was refused with `auth-required`: answers the relay's challenge, once a connection,
    /// and waits for its OK. Without a challenge it waits for one. Asked again, the same comes again.
    /// - Throws: `CancellationError`.
    public func authenticate() async throws -> AuthenticationEnd {
        let waiter = Mailbox<Settled<AuthenticationEnd>>(limitBytes: .max)
        let isAsked: Void? = await session.submit { $0.authenticate(waiter) }
        guard isAsked != nil else { return .broken(.closedByUs) }
        return try await waiter.next {}.end
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
