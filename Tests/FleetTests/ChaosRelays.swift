import Crypto
import Foundation
import Nostr
import Support
import Testing

/// Relays that share events, each event on one to three. Some are real software, each behind a proxy that counts what
/// it sends. The others are fakes without a fault: real ones write gigabytes to take in tens of thousands of events.
struct ChaosRelays: Sendable {
    /// One relay and what it holds.
    struct Relay: Sendable {
        /// Canonical; of the proxy where there is one.
        let url: String
        let ids: Set<Bytes32>
        /// `created_at` of each event.
        let times: [Int64]
        fileprivate let software: Software
    }

    /// What answers.
    fileprivate enum Software: Sendable {
        case real(RealRelay, RecordingProxy)
        case fake(FakeRelay)
    }

    let relays: [Relay]

    /// By URL.
    var held: [String: Set<Bytes32>] { Dictionary(uniqueKeysWithValues: relays.map { ($0.url, $0.ids) }) }

    /// Events in all relays, shared ones as often as they are there.
    var count: Int { relays.reduce(0) { $0 + $1.ids.count } }

    /// Events that were sent so far.
    var sent: Int { relays.reduce(0) { $0 + $1.software.sent } }

    /// The most connections that one relay had at a time.
    var mostConnections: Int { relays.map(\.software.mostConnections).max() ?? 0 }

    /// What one relay is given before it starts.
    private struct Share: Sendable {
        var ids: Set<Bytes32> = []
        var times: [Int64] = []
        var events: [SampleEvent] = []
    }

    /// Runs the body with so many relays that hold so many events together; they are gone afterwards.
    /// - Parameter real: how many of them are real software.
    static func withRunning(
        _ count: Int, real: Int, events: Int, seed: UInt64, _ body: (ChaosRelays) async throws -> Void
    ) async throws {
        let all = try await startAll(try await shares(count, events: events, seed: seed), real: real)
        let relays = ChaosRelays(relays: all)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(relays)) } catch { outcome = .failure(error) }
        for relay in all { await relay.software.stop() }
        try outcome.get()
    }

    private static func startAll(_ shares: [Share], real: Int) async throws -> [Relay] {
        try await withThrowingTaskGroup(of: Relay.self) { group in
            for (number, share) in shares.enumerated() {
                group.addTask { try await number < real ? startReal(share) : startFake(share) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private static func startFake(_ share: Share) async throws -> Relay {
        let relay = try await FakeRelay.start(events: share.events)
        return Relay(url: relay.url.text, ids: share.ids, times: share.times, software: .fake(relay))
    }

    private static func startReal(_ share: Share) async throws -> Relay {
        let folder = try TemporaryFolder()
        let file = "\(folder.path)/events.jsonl"
        try share.events.writeJSONL(to: file)
        let software = try await RealRelay.start(file: file, within: .seconds(300))
        try #require(software.held == share.events.count && software.refused == 0)
        let port = try #require(URL(string: software.url)?.port)
        let proxy = try await RecordingProxy.start(to: port)
        return Relay(url: proxy.url, ids: share.ids, times: share.times, software: .real(software, proxy))
    }

    /// Signing is most of the work, so it is done in parts, on all processors.
    private static func shares(_ count: Int, events: Int, seed: UInt64) async throws -> [Share] {
        let size = min(events, 2_000)
        let parts = await withTaskGroup(of: [SampleEvent].self) { group in
            for part in 0..<(events / size) {
                group.addTask {
                    var factory = EventFactory(
                        seed: seed &* 1_000 &+ UInt64(part), createdAt: 1_690_000_000 + Int64(part * size / 3))
                    return factory.events(size)
                }
            }
            return await group.reduce(into: [[SampleEvent]]()) { $0.append($1) }
        }
        // In one order, whichever part was ready first.
        let all = parts.sorted { $0[0].createdAt < $1[0].createdAt }.joined()
        var random = SplitMix64(seed: seed)
        var shares = [Share](repeating: Share(), count: count)
        for event in all {
            for index in (0..<count).shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random)) {
                shares[index].ids.insert(event.id)
                shares[index].times.append(event.createdAt)
                shares[index].events.append(event)
            }
        }
        return shares
    }
}

extension ChaosRelays.Software {
    /// Events that it sent so far.
    var sent: Int {
        switch self {
        case .real(_, let proxy): proxy.counts.events
        case .fake(let relay): relay.requests.reduce(0) { $0 + $1.sent.count }
        }
    }

    /// The most connections at one time.
    var mostConnections: Int {
        switch self {
        case .real(_, let proxy): proxy.counts.mostOpen
        case .fake(let relay): relay.mostConnections
        }
    }

    /// Ends it.
    func stop() async {
        switch self {
        case .real(let relay, let proxy):
            await proxy.stop()
            await relay.stop()
        case .fake(let relay): await relay.stop()
        }
    }
}
