import Crypto
import Nostr
import Support
import Testing

@testable import Database

/// Events and relays for tests of Brotr.
struct EventSamples {
    private var factory: EventFactory
    private let key = SecretKey.random()

    init(seed: UInt64) { factory = EventFactory(seed: seed) }

    /// The next events of the usual mix, parsed as they would be from a relay.
    mutating func next(_ count: Int) throws -> [Event] {
        try factory.events(count).map { sample in
            var parser = EventParser()
            return try sample.json.withUnsafeBufferPointer { try parser.parse($0).materialised(from: $0) }
        }
    }

    /// A signed event of one's choice.
    func event(kind: UInt16 = 1, at second: Int64 = 1_700_000_000, tags: [[String]] = [], _ content: String = "")
        -> Event
    {
        UnsignedEvent(createdAt: UnixTime(seconds: second), kind: kind, tags: tags, content: content).sign(with: key)
    }

    static func relay(_ number: Int = 1) throws -> RelayRecord {
        RelayRecord(
            url: try RelayURL.parse("wss://relay\(number).example.com"), insertedAt: UnixTime(seconds: 1_700_000_000))
    }
}

extension Brotr {
    /// Stores a relay and claims it.
    func claim(_ number: Int = 1, owner: ReplicaID, ttl: Duration = .seconds(60)) async throws -> RelayLease {
        let relay = try await insertRelay(EventSamples.relay(number))
        let leases = try await claimRelays(lane: 0, network: .clearnet, limit: 1000, owner: owner, ttl: ttl)
        return try #require(leases.first { $0.relay == relay })
    }

    /// One number out of one row.
    func number(_ sql: String, _ values: SQLValue...) async throws -> Int {
        try await pool.fetch(NamedStatement("number", sql), parameters: SQLParameters(values)).only("number").decode(
            at: 0)
    }
}
