import Net
import Nostr
import RelayClient
import Support
import SyncEngine
import Synchronization

/// The real transport, to relays on loopback.
enum LiveFixture {
    /// - Parameter now: what answers to challenges carry; the fake relay does not look at it.
    static func transport(
        limits: RelayLimits = .init(),
        now: @escaping @Sendable () -> UnixTime = { UnixTime(seconds: 1_700_000_000) }
    ) throws -> LiveTransport {
        let client = try WebSocketClient(guard: AddressGuard(allowsLocal: true))
        let dialer = RelayDialer(
            webSocket: client, limits: limits, authenticator: SigningAuthenticator(now: now))
        return LiveTransport(dialer: dialer) { _ in .seconds(60) }
    }

    /// Runs the body with a session on a fake relay; both are gone afterwards.
    static func withFake<Result: Sendable>(
        events: [SampleEvent] = [], _ behaviour: FakeRelayBehaviour = .init(), limits: RelayLimits = .init(),
        _ body: (any RelaySession, FakeRelay) async throws -> Result
    ) async throws -> Result {
        let relay = try await FakeRelay.start(events: events, behaviour: behaviour)
        let session = try await transport(limits: limits).connect(to: relay.url)
        let result = try await body(session, relay)
        await session.close()
        await relay.stop()
        return result
    }

    /// Runs the body with a session on a real relay that holds these events; both are gone afterwards.
    static func withReal<Result: Sendable>(
        events: [SampleEvent], options: [String] = [],
        _ body: (any RelaySession, RealRelay) async throws -> Result
    ) async throws -> Result {
        let folder = try TemporaryFolder()
        let file = folder.path + "/events.jsonl"
        try events.writeJSONL(to: file)
        return try await RealRelay.withRunning(file: file, options: options) { relay in
            let session = try await transport(now: UnixTime.wallClock).connect(to: try RelayURL.parse(relay.url))
            let result = try await body(session, relay)
            await session.close()
            return result
        }
    }

    static func events(_ count: Int, seed: UInt64 = 7) -> [SampleEvent] {
        var factory = EventFactory(seed: seed)
        return factory.events(count)
    }
}

/// Our side of a reconciliation, with everything in memory.
final class OurSet: Sendable {
    private struct State {
        var client: NegentropyClient
        var have: Set<EventID> = []
        var need: Set<EventID> = []
    }

    private let items: NegentropySet
    private let limits: NegentropyLimits
    private let state: Mutex<State>

    init(_ events: [SampleEvent], limits: NegentropyLimits = .init()) {
        items = NegentropySet(
            events.map { NegentropyItem(createdAt: UnixTime(seconds: $0.createdAt), id: $0.id) })
        self.limits = limits
        state = Mutex(State(client: NegentropyClient(limits: limits)))
    }

    /// What the relay lacks.
    var have: Set<EventID> { state.withLock { $0.have } }
    /// What we lack.
    var need: Set<EventID> { state.withLock { $0.need } }
    /// Messages of the relay.
    var rounds: Int { state.withLock { $0.client.rounds } }

    func open() -> [UInt8] { state.withLock { $0.client.open(items) } }

    func reply(_ bytes: [UInt8]) throws -> [UInt8]? {
        let message = try NegentropyMessage.decode(bytes, limits: limits)
        return try state.withLock { state in
            let round = try state.client.answer(message, with: items)
            state.have.formUnion(round.have)
            state.need.formUnion(round.need)
            return round.reply
        }
    }

    /// Compares itself with the relay's whole set.
    func reconcile(
        _ session: any RelaySession, _ budget: ReconciliationBudget = LiveBudget.reconciliation
    ) async throws -> ReconciliationEnding {
        try await session.reconcile(Filter(), opening: open(), budget: budget) { [self] in try reply($0) }
    }
}

/// Budgets that no correct relay on loopback uses up, however busy the machine is.
enum LiveBudget {
    static let reconciliation = ReconciliationBudget(firstAnswerTimeout: .seconds(60), progressTimeout: .seconds(60))
    static let page = PageBudget(
        events: 10_000, bytes: 32 << 20, progressTimeout: .seconds(60), totalTimeout: .seconds(120))
    /// For tests of a relay's silence.
    static let short = ReconciliationBudget(
        firstAnswerTimeout: .milliseconds(100), progressTimeout: .milliseconds(100))
}
