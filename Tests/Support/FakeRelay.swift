public import Crypto
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
public import Nostr

/// A relay on a loopback port with a set of events and switchable faults, for what real relay software will not do.
///
/// It frames by NIOWebSocket and reads JSON by Foundation: nothing it does is done by the code that it tests, but for
/// set reconciliation, whose messages are checked against the reference's.
public final class FakeRelay: Sendable {
    struct State {
        var events: [SampleEvent]
        var behaviour: FakeRelayBehaviour
        var requests: [FakeRelayRequest] = []
        var messages: [String] = []
        var connections: [Int: NIOLoopBound<FakeRelayConnection>] = [:]
        var connectionCount = 0
        var mostConnections = 0
        var watchers: [(isMet: @Sendable (State) -> Bool, wake: CheckedContinuation<Void, Never>)] = []

        mutating func change(new: [SampleEvent], gone: Set<Bytes32>) {
            guard !new.isEmpty || !gone.isEmpty else { return }
            events = FakeRelay.sorted(events.filter { !gone.contains($0.id) } + new)
        }
    }

    /// `ws://127.0.0.1:port` or its other address, or `wss://localhost:port` with TLS.
    public let url: RelayURL
    /// Where it listens on 127.0.0.1.
    public let port: Int
    /// Whether it speaks TLS.
    public let isSecure: Bool

    private let state: NIOLockedValueBox<State>
    private let server: any Channel

    private init(url: RelayURL, state: NIOLockedValueBox<State>, server: any Channel) {
        self.url = url
        port = url.port
        isSecure = url.isSecure
        self.state = state
        self.server = server
    }

    /// Starts a relay that holds these events, in any order.
    /// - Parameter host: the loopback address that it listens on; with TLS 127.0.0.1.
    public static func start(
        events: [SampleEvent] = [], behaviour: FakeRelayBehaviour = .init(), tls: TestCertificates? = nil,
        host: String = "127.0.0.1"
    ) async throws -> FakeRelay {
        let state = NIOLockedValueBox(State(events: sorted(events), behaviour: behaviour))
        let context = try tls?.serverContext()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try FakeRelayPipeline.add(to: channel, tls: context, state) }
            }
            .bind(host: host, port: 0).get()
        let port = server.localAddress?.port ?? 0
        let url = try RelayURL.parse(tls == nil ? "ws://\(host):\(port)" : "wss://localhost:\(port)")
        return FakeRelay(url: url, state: state, server: server)
    }

    /// What it does wrong from now on.
    public var behaviour: FakeRelayBehaviour {
        get { state.withLockedValue { $0.behaviour } }
        set { state.withLockedValue { $0.behaviour = newValue } }
    }

    /// What it holds now, newest first.
    public var events: [SampleEvent] { state.withLockedValue { $0.events } }

    /// Every REQ so far, in the order of arrival.
    public var requests: [FakeRelayRequest] { state.withLockedValue { $0.requests } }

    /// Every text message so far.
    public var messages: [String] { state.withLockedValue { $0.messages } }

    /// How often each event was sent as a stored one.
    public var deliveries: [Bytes32: Int] {
        requests.flatMap(\.sent).reduce(into: [:]) { $0[$1.id, default: 0] += 1 }
    }

    /// Connections that were upgraded, ever.
    public var connectionCount: Int { state.withLockedValue { $0.connectionCount } }

    /// Connections that are open.
    public var openConnections: Int { state.withLockedValue { $0.connections.count } }

    /// Most connections that were open at one time.
    public var mostConnections: Int { state.withLockedValue { $0.mostConnections } }

    /// Stores events without telling anybody: they appear behind the back of whoever has read there.
    public func insert(_ events: [SampleEvent]) {
        state.withLockedValue { $0.events = Self.sorted($0.events + events) }
    }

    /// Forgets events.
    public func remove(_ ids: Set<Bytes32>) { state.withLockedValue { $0.events.removeAll { ids.contains($0.id) } } }

    /// Stores an event and sends it to every open subscription that it matches.
    public func publish(_ event: SampleEvent) {
        insert([event])
        for connection in state.withLockedValue({ Array($0.connections.values) }) {
            connection.eventLoop.execute { connection.value.publish(event) }
        }
    }

    /// Sends texts to whoever is connected, whether they asked for anything or not.
    public func send(_ texts: [String]) {
        onEachConnection { connection in for text in texts { connection.send(text) } }
    }

    /// Sends bytes as they are, so many times.
    public func send(bytes: [UInt8], times: Int) {
        let buffer = ByteBuffer(bytes: bytes)
        onEachConnection { connection in for _ in 0..<times { connection.gate.write(buffer) } }
    }

    private func onEachConnection(_ body: @escaping @Sendable (FakeRelayConnection) -> Void) {
        for connection in state.withLockedValue({ Array($0.connections.values) }) {
            connection.eventLoop.execute {
                body(connection.value)
                connection.value.gate.open()
            }
        }
    }

    /// Ends every connection without a goodbye.
    public func disconnectAll() {
        for connection in state.withLockedValue({ Array($0.connections.values) }) {
            connection.eventLoop.execute { connection.value.disconnect() }
        }
    }

    /// Waits until so many REQs have come.
    public func waitForRequests(_ count: Int) async { await wait { $0.requests.count >= count } }

    /// Waits until so many subscriptions were closed by CLOSE.
    public func waitForClosed(_ count: Int) async { await wait { $0.requests.filter(\.isClosed).count >= count } }

    /// Waits until no connection is open.
    public func waitForNoConnections() async { await wait { $0.connections.isEmpty } }

    /// Waits until so many messages have come.
    public func waitForMessages(_ count: Int) async { await wait { $0.messages.count >= count } }

    /// Waits until so many messages of this name have come.
    public func waitForMessages(named name: String, count: Int = 1) async {
        await wait { $0.messages.filter { $0.hasPrefix("[\"\(name)\"") }.count >= count }
    }

    /// Every message of this name so far.
    public func messages(named name: String) -> [String] { messages.filter { $0.hasPrefix("[\"\(name)\"") } }

    /// Stops listening and ends every connection.
    public func stop() async {
        try? await server.close()
        disconnectAll()
    }

    private func wait(_ isMet: @escaping @Sendable (State) -> Bool) async {
        await withCheckedContinuation { wake in
            let isThere = state.withLockedValue { state in
                if isMet(state) { return true }
                state.watchers.append((isMet, wake))
                return false
            }
            if isThere { wake.resume() }
        }
    }

    fileprivate static func sorted(_ events: [SampleEvent]) -> [SampleEvent] {
        events.sorted { $0.createdAt == $1.createdAt ? $0.id < $1.id : $0.createdAt > $1.createdAt }
    }
}

extension NIOLockedValueBox<FakeRelay.State> {
    /// Changes the state and wakes who waited for what it became.
    func update<R>(_ body: (inout FakeRelay.State) -> R) -> R {
        let (result, ready) = withLockedValue { state in
            let result = body(&state)
            let met = state.watchers.filter { $0.isMet(state) }.map(\.wake)
            if !met.isEmpty { state.watchers.removeAll { [state] in $0.isMet(state) } }
            return (result, met)
        }
        ready.forEach { $0.resume() }
        return result
    }
}
