import Database
import Nostr
import Support

/// What storing costs: the look-up of a page and `commit_pages`, through PgBouncer, CPU of all processes.
struct StoreCosts {
    private static let page = 1_000

    /// Microseconds of CPU an event.
    struct Cost {
        var client = 0.0
        var servers = 0.0
        var all: Double { client + servers }
    }

    /// Look-up and commit of events that are new, that another relay showed before, and that this one did.
    let new, known, linked: Cost
    /// What comes later of each: statistics are folded, pending index entries sorted in.
    let newLater, knownLater: Cost
    /// The first vacuum of the tables of events, which is in no sum: it comes once for many batches.
    let vacuum: Cost

    /// Microseconds to look up and store one new event.
    var newEvent: Double { new.all }

    var rows: [CostRow] {
        [
            CostRow(name: "new event: look-up and commit_pages", microseconds: new.all),
            CostRow(name: "  of which client", microseconds: new.client),
            CostRow(name: "  of which PgBouncer and PostgreSQL", microseconds: new.servers),
            CostRow(name: "  afterwards: folding, index flush", microseconds: newLater.all),
            CostRow(name: "known event on a new relay", microseconds: known.all),
            CostRow(name: "  afterwards: folding", microseconds: knownLater.all),
            CostRow(name: "event already linked (look-up only)", microseconds: linked.all),
            CostRow(name: "vacuum and analysis of the tables, in no sum", microseconds: vacuum.all),
        ]
    }

    /// Everything that an event costs, with what is wanted of it.
    /// - Parameter goal: of a new event, in verifications.
    func sums(_ client: ClientCosts, verification: Double, goal: Double) -> [CostRow] {
        let new = verification + client.parse + client.columns + new.all + newLater.all
        return [
            CostRow(name: "a new event", microseconds: new, goal: goal),
            CostRow(
                name: "a known event on a new relay", microseconds: client.parse + known.all + knownLater.all,
                goal: 0.5),
            CostRow(name: "an event already linked", microseconds: client.parse + linked.all, goal: 0.25),
        ]
    }

    /// Stores the corpus in a database that has none of it.
    static func measure(_ corpus: Corpus, in database: TestDatabase) async throws -> StoreCosts {
        let brotr = database.brotr
        let events = zip(corpus.samples, ClientCosts.parsed(corpus, count: corpus.samples.count)).map {
            sample, event in
            sample.json.withUnsafeBufferPointer { event.materialised(from: $0) }
        }
        try await LocalEngine.add(["wss://first.example.com", "wss://second.example.com"], to: brotr)
        let leases = try await brotr.claimRelays(
            lane: 0, network: .clearnet, limit: 2, owner: .random(), ttl: .seconds(3_600))
        precondition(leases.count == 2, "both relays are due")
        // It would come whenever it likes, and read what was there before as well.
        try await setVacuums("SET (autovacuum_enabled = off)", database)
        try await database.server.run("CHECKPOINT")
        let costs = StoreCosts(
            new: try await cost(events.count) { try await store(events, leases[0], brotr) },
            newLater: try await cost(events.count) { try await finish(database) },
            known: try await cost(events.count) { try await store(events, leases[1], brotr) },
            knownLater: try await cost(events.count) { try await finish(database) },
            linked: try await cost(events.count) { try await store(events, leases[1], brotr) },
            vacuum: try await cost(events.count) {
                try await database.server.run("VACUUM (ANALYZE) events, events_relays", database: database.name)
            })
        try await setVacuums("RESET (autovacuum_enabled)", database)
        return costs
    }

    private init(new: Cost, newLater: Cost, known: Cost, knownLater: Cost, linked: Cost, vacuum: Cost) {
        (self.new, self.newLater, self.known, self.knownLater, self.linked) = (new, newLater, known, knownLater, linked)
        self.vacuum = vacuum
    }

    /// Changes whether tables are vacuumed by themselves.
    static func setVacuums(_ setting: String, _ database: TestDatabase) async throws {
        try await database.server.run(
            """
            DO $$ DECLARE name text; BEGIN
                FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
                LOOP EXECUTE format('ALTER TABLE public.%I \(setting)', name); END LOOP;
            END $$
            """, database: database.name)
    }

    /// What the fleet and PostgreSQL do in the background, done at once.
    private static func finish(_ database: TestDatabase) async throws {
        while let folded = try await database.brotr.foldStatistics(rows: 100), folded > 0 {}
        try await database.server.run("SELECT gin_clean_pending_list('events_tags')", database: database.name)
    }

    private static func cost(_ count: Int, _ body: () async throws -> Void) async throws -> Cost {
        let (own, servers) = (CPUTime.own, CPUTime.servers)
        try await body()
        let scale = 1e6 / Double(count)
        return Cost(client: (CPUTime.own - own) * scale, servers: (CPUTime.servers - servers) * scale)
    }

    /// Stores all events as one relay's pages: what the lookup knows becomes a sighting, the rest an event.
    static func store(_ events: [Event], _ lease: RelayLease, _ brotr: Brotr) async throws {
        for start in stride(from: 0, to: events.count, by: page) {
            let part = Array(events[start..<min(start + page, events.count)])
            let known = try await brotr.knownEvents(
                part.map(\.id), signatures: part.map(\.signature), relay: lease.relay)
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
            precondition(answers.map(\.accepted) == [true], "the lease holds")
        }
    }
}
