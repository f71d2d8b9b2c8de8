internal import Crypto
public import Database
public import Logging
public import Nostr
public import ServiceKit
internal import Settings

/// Everything the engine depends on. It reaches for no clock, no randomness, no network and no database itself, so that
/// a simulator can run it whole, in an order that a seed decides.
public struct SyncContext: Sendable {
    /// The archive.
    public var store: any SyncStore
    /// The road to the relays.
    public var transport: any RelayTransport
    /// For waits and deadlines.
    public var clock: MonotonicClock
    /// Numbers of 0 ..< 1.
    public var randomness: @Sendable () -> Double
    /// Requested when the engine shall come to its end.
    public var shutdown: ShutdownSignal
    /// This process among its replicas.
    public var replica: ReplicaID
    /// Where it says what went wrong.
    public var logger: Logger
    /// Whether an event's signature is right (BIP-340 over the id). Called on several cores at the same time.
    public var isAuthentic: @Sendable (ParsedEvent) -> Bool
    /// Where work runs that must outlive its parent task; nil for the ordinary executor.
    public var executor: (any TaskExecutor)?
    /// What an event may cost; the socket bounds its size.
    public var eventLimits = EventLimits.anySize
    /// Told of relays that are followed; nobody by default.
    public var onTail: @Sendable (TailHappening) -> Void = { _ in }
    /// Sightings that one comparison with pages takes into memory.
    public var mostCompared = SyncSettings().mostCompared

    /// Direct form.
    public init(
        store: any SyncStore, transport: any RelayTransport, clock: MonotonicClock,
        randomness: @escaping @Sendable () -> Double, shutdown: ShutdownSignal, replica: ReplicaID, logger: Logger,
        isAuthentic: @escaping @Sendable (ParsedEvent) -> Bool, executor: (any TaskExecutor)? = nil
    ) {
        self.store = store
        self.transport = transport
        self.clock = clock
        self.randomness = randomness
        self.shutdown = shutdown
        self.replica = replica
        self.logger = logger
        self.isAuthentic = isAuthentic
        self.executor = executor
    }

    /// The engine of a service, on the real archive.
    public init(_ context: ServiceContext, transport: any RelayTransport) {
        let verifier = SchnorrVerifier()
        self.init(
            store: context.brotr, transport: transport, clock: context.clock, randomness: context.randomness,
            shutdown: context.shutdown, replica: context.replica, logger: context.logger
        ) { event in
            verifier.isValid(signature: event.signature, message: event.id, publicKey: event.pubkey)
        }
        eventLimits.maxDepth = context.core.limits.eventDepth
    }
}
