import Crypto
import Database
import Nostr
import Support

/// What this machine can do at this moment: signatures verified and events stored with nothing else to do, each on all
/// processors, by the clock on the wall.
///
/// A shared machine gives less time in one minute than in the next, and CPU time does not tell. A run is compared with
/// this, taken right before and right after it.
struct Ceiling {
    /// New events a second if each is verified and stored.
    let rate: Double

    /// - Parameter database: one that holds none of the corpus.
    static func measure(_ corpus: Corpus, in database: TestDatabase) async throws -> Ceiling {
        let events = zip(corpus.samples, ClientCosts.parsed(corpus, count: corpus.samples.count)).map {
            sample, event in
            (event, sample.json.withUnsafeBufferPointer { event.materialised(from: $0) })
        }
        let parts = (0..<Processors.count).map { part in
            events.enumerated().filter { $0.offset % Processors.count == part }.map(\.element)
        }
        let verifying = try await seconds(of: parts) { part, _ in verify(part.map(\.0)) }
        let run = UInt32.random(in: 0 ... .max)
        let urls = parts.indices.map { "wss://ceiling\($0)-\(run).example.com" }
        try await LocalEngine.add(urls, to: database.brotr)
        let leases = try await database.brotr.claimRelays(
            lane: 0, network: .clearnet, limit: urls.count, owner: .random(), ttl: .seconds(3_600))
        precondition(leases.count == urls.count, "these relays are due, and no others")
        try await database.server.run("CHECKPOINT")
        let storing = try await seconds(of: parts) { part, number in
            try await StoreCosts.store(part.map(\.1), leases[number], database.brotr)
        }
        return Ceiling(rate: Double(events.count) / (verifying + storing))
    }

    /// Seconds until all parts are done, side by side.
    private static func seconds<Part: Sendable>(
        of parts: [Part], _ body: @escaping @Sendable (Part, Int) async throws -> Void
    ) async throws -> Double {
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, part) in parts.enumerated() { group.addTask { try await body(part, number) } }
            try await group.waitForAll()
        }
        return (ContinuousClock.now - start).inSeconds
    }

    private static func verify(_ events: [ParsedEvent]) {
        let verifier = SchnorrVerifier()
        for event in events {
            let isValid = verifier.isValid(signature: event.signature, message: event.id, publicKey: event.pubkey)
            precondition(isValid, "the corpus is signed")
        }
    }
}
