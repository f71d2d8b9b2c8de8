import Net
import Nostr
import Support

@testable import RelayClient

/// A dialer that may reach loopback.
enum RelayFixture {
    static func dialer(
        limits: RelayLimits = .init(), webSocket: WebSocketLimits = .init(), tls: TLSSettings = .init(),
        authenticator: (any RelayAuthenticator)? = nil
    ) throws -> RelayDialer {
        let client = try WebSocketClient(
            guard: AddressGuard(allowsLocal: true), tls: tls,
            limits: webSocket)
        return RelayDialer(webSocket: client, limits: limits, authenticator: authenticator)
    }

    static func connect(_ relay: FakeRelay, limits: RelayLimits = .init()) async throws -> RelayConnection {
        try await dialer(limits: limits).connect(relay.url, timeout: .seconds(60))
    }

    static func events(_ count: Int, seed: UInt64 = 1) -> [SampleEvent] {
        var factory = EventFactory(seed: seed)
        return factory.events(count)
    }
}

/// Everything a subscription brought.
struct Received {
    var texts: [[UInt8]] = []
    var caughtUpAfter: Int?
    var end: SubscriptionEnd?

    /// Reads to the end.
    init(_ subscription: Subscription) async throws {
        while end == nil {
            switch try await subscription.next() {
            case .events(let chunk): chunk.forEachEvent { texts.append([UInt8]($0)) }
            case .caughtUp: caughtUpAfter = texts.count
            case .end(let end): self.end = end
            }
        }
    }
}
