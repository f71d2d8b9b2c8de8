import Crypto
import Foundation
import Nostr
import Support

/// Hostile relays that run, each with its case.
struct HostileRelays: Sendable {
    /// One of them.
    struct Relay: Sendable {
        let url: String
        let one: HostileCase
        /// Valid events that it holds.
        let events: [SampleEvent]
        let relay: FakeRelay

        var ids: Set<Bytes32> { Set(events.map(\.id)) }
    }

    let all: [Relay]

    var urls: [String] { all.map(\.url) }

    /// Starts one relay a case.
    static func start(_ cases: [HostileCase], seed: UInt64) async throws -> HostileRelays {
        var all: [Relay] = []
        for (number, one) in cases.enumerated() {
            var factory = EventFactory(seed: seed + UInt64(number))
            let events = one.events.isEmpty ? factory.events(one.count) : one.events
            // Of copies of one event the relay sends those first that nobody may store.
            let relay = try await FakeRelay.start(events: one.junk + events, behaviour: one.behaviour)
            all.append(Relay(url: relay.url.text, one: one, events: events, relay: relay))
        }
        return HostileRelays(all: all)
    }

    /// Relays without a fault.
    static func honest(_ count: Int, events: Int, seed: UInt64) async throws -> HostileRelays {
        try await start((0..<count).map { number in HostileCase("honest \(number)") { $0.count = events } }, seed: seed)
    }

    func stop() async { for relay in all { await relay.relay.stop() } }

    /// By URL, what has to be stored of each; for those of which some is, what was found.
    func held(_ archive: Archive) -> [String: Set<Bytes32>] {
        let found = archive.idsByRelay
        return Dictionary(
            uniqueKeysWithValues: all.map { relay in
                switch relay.one.stored {
                case .all: (relay.url, relay.ids)
                case .none: (relay.url, [])
                case .some: (relay.url, (found[relay.url] ?? []).intersection(relay.ids))
                }
            })
    }
}
