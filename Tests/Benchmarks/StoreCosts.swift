import Database
import Nostr
import Support

/// What storing costs: the look-up of a page and `commit_pages`, through PgBouncer, CPU of all processes.
struct StoreCosts {
    private static let page = 1_000

    let rows: [CostRow]
    /// Microseconds to look up and store one new event.
    let newEvent: Double

    static func measure(_ corpus: Corpus) async throws -> StoreCosts {
        try await withTestDatabase { database in
            let brotr = database.brotr
            let events = zip(corpus.samples, ClientCosts.parsed(corpus, count: corpus.samples.count)).map {
                sample, event in
                sample.json.withUnsafeBufferPointer { event.materialised(from: $0) }
            }
            var leases: [RelayLease] = []
            let urls = ["wss://first.example.com", "wss://second.example.com"]
            let built = RelayRecord.build(urls: urls, at: UnixTime(seconds: 1_700_000_000))
            _ = try await brotr.insertRelays(built.records)
            leases = try await brotr.claimRelays(
                lane: 0, network: .clearnet, limit: 2, owner: .random(), ttl: .seconds(3_600))
            precondition(leases.count == 2, "both relays are due")
            try await database.server.run("CHECKPOINT")
            let new = try await cost(events.count) { try await store(events, leases[0], brotr) }
            let known = try await cost(events.count) { try await store(events, leases[1], brotr) }
            let linked = try await cost(events.count) { try await store(events, leases[1], brotr) }
            return StoreCosts(
                rows: [
                    CostRow(name: "new event: look-up and commit_pages", microseconds: new.all),
                    CostRow(name: "  of which client", microseconds: new.client),
                    CostRow(name: "  of which PgBouncer and PostgreSQL", microseconds: new.all - new.client),
                    CostRow(name: "known event on a new relay", microseconds: known.all),
                    CostRow(name: "event already linked (look-up only)", microseconds: linked.all),
                ], newEvent: new.all)
        }
    }

    private static func cost(_ count: Int, _ body: () async throws -> Void) async throws -> (
        all: Double, client: Double
    ) {
        let (own, servers) = (CPUTime.own, CPUTime.servers)
        try await body()
        let client = CPUTime.own - own
        let scale = 1e6 / Double(count)
        return ((client + CPUTime.servers - servers) * scale, client * scale)
    }

    /// Stores all events as one relay's pages: what the lookup knows becomes a sighting, the rest an event.
    private static func store(_ events: [Event], _ lease: RelayLease, _ brotr: Brotr) async throws {
        for start in stride(from: 0, to: events.count, by: page) {
            let part = Array(events[start..<min(start + page, events.count)])
            let known = try await brotr.knownEvents(part.map(\.id), relay: lease.relay)
            var row = RelayPage(relay: lease.relay, fence: lease.fence)
            var new: [Event] = []
            for (event, entry) in zip(part, known) {
                guard let entry else {
                    row.newEvents.append(new.count)
                    new.append(event)
                    continue
                }
                if entry.isLinked { continue }
                row.known.append(
                    KnownSighting(
                        event: entry.event, createdAt: event.createdAt, kind: event.kind, pubkey: event.pubkey))
            }
            guard !new.isEmpty || !row.known.isEmpty else { continue }
            let answers = try await brotr.commitPages(PagesBatch(owner: lease.owner, pages: [row], events: new))
            precondition(answers.allSatisfy(\.accepted), "the lease holds")
        }
    }
}
