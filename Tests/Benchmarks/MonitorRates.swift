import Database
import Nostr
import Support

/// How fast the Monitor checks relays, alone and beside dead ones, and what it takes in memory.
struct MonitorRates {
    static let good = 500
    static let dead = 2_000
    static let slow = 1_000
    /// Checks at one time that take all relays: a quarter is kept for those that are known to be up.
    static let many = 3_400
    /// Likewise all the slow ones.
    static let manySlow = 1_334

    /// A wait for good ones that are behind dead ones is given up after it.
    static let patience = Duration.seconds(120)

    /// The good relays by themselves, and beside dead ones.
    struct Comparison {
        let name: String
        let alone, beside: MonitorCycle
    }

    let comparisons: [Comparison]
    /// Slow ones, all at one time.
    let slow: MonitorCycle
    /// Good relays whose information document was read.
    let documents: Int

    static func measure() async throws -> MonitorRates {
        let good = try MonitoredRelays(.good, good)
        let dead = try MonitoredRelays(.dead, dead)
        defer { [good, dead].forEach { $0.stop() } }
        let plan = MonitorCycle.Plan(
            good: good.urls, nameServer: good.nameServer, relays: { good.cpu + dead.cpu })
        let all = good.urls + dead.urls
        let (alone, documents) = try await cycles(good.urls, [nil, nil, many], plan)
        let (aloneAtOnce, _) = try await cycles(good.urls, [many], plan)
        let (beside, _) = try await cycles(all, [many, nil, many], plan)
        let (besideAsShipped, _) = try await cycles(all, [nil], plan)
        let known = "all checked before, so that it is known who is up"
        return MonitorRates(
            comparisons: [
                Comparison(name: "none checked before, as shipped", alone: alone[0], beside: besideAsShipped[0]),
                Comparison(name: "\(known), as shipped", alone: alone[1], beside: beside[1]),
                Comparison(name: "none checked before, \(many) at one time", alone: aloneAtOnce[0], beside: beside[0]),
                Comparison(name: "\(known), \(many) at one time", alone: alone[2], beside: beside[2]),
            ], slow: try await measureSlow(), documents: documents)
    }

    /// All are new in the first cycle, and due again in each further one.
    /// - Parameter settings: checks at one time; nil leaves what is shipped, and is ended when the good ones are done.
    private static func cycles(
        _ urls: [String], _ settings: [Int?], _ plan: MonitorCycle.Plan
    ) async throws -> (cycles: [MonitorCycle], documents: Int) {
        try await withTestDatabase { database in
            try await LocalEngine.add(urls, to: database.brotr)
            // Mixed: in order of insertion the dead ones would all come first.
            try await database.server.run(
                "UPDATE relay_checks SET due_at = now() - interval '1 s' * random()", database: database.name)
            var cycles: [MonitorCycle] = []
            for concurrency in settings {
                if !cycles.isEmpty { try await makeDue(database) }
                var plan = plan
                plan.concurrency = concurrency
                if concurrency == nil, urls.count > plan.good.count { plan.patience = patience }
                cycles.append(try await MonitorCycle.run(plan, in: database))
            }
            return (cycles, try await countDocuments(plan.good, database))
        }
    }

    /// Every check is due, and none is a light one.
    static func makeDue(_ database: TestDatabase) async throws {
        try await database.server.run(
            "UPDATE relay_checks SET due_at = now(), full_at = NULL WHERE network = 'local'", database: database.name)
    }

    private static func measureSlow() async throws -> MonitorCycle {
        let relays = try MonitoredRelays(.slow, slow)
        defer { relays.stop() }
        return try await withTestDatabase { database in
            try await LocalEngine.add(relays.urls, to: database.brotr)
            return try await MonitorCycle.run(
                MonitorCycle.Plan(
                    good: relays.urls, concurrency: manySlow, nameServer: relays.nameServer, relays: { relays.cpu }),
                in: database)
        }
    }

    private static func countDocuments(_ urls: [String], _ database: TestDatabase) async throws -> Int {
        let row = try await database.pool.fetch(withDocument, .texts(urls)).first
        return Int(try row?.decode(Int64.self, at: 0) ?? 0)
    }

    /// $1 URLs; how many of them have given a document.
    private static let withDocument = NamedStatement(
        "count_documents",
        """
        SELECT count(DISTINCT m.relay_url) FROM relay_metadata m
         WHERE m.relay_url = ANY ($1) AND m.nip11_id IS NOT NULL AND m.nip66_error IS NULL
        """,
        parameters: [.textArray], columns: [.int8], isIdempotent: true)
}

extension Report {
    func monitor(_ result: MonitorRates) {
        line("")
        line(
            "monitor: one cycle over \(MonitorRates.good) local relays, all checks full, half over TLS with names asked"
                + " about; \(result.documents) documents")
        for comparison in result.comparisons {
            let (alone, beside) = (comparison.alone, comparison.beside)
            line("  \(comparison.name)")
            scenario("alone", alone)
            scenario("beside \(MonitorRates.dead) dead or silent ones", beside)
            line(
                "    the good ones beside to alone: \((beside.goodSeconds / alone.goodSeconds).text(2))"
                    + "   (goal: 60 s alone, not slower beside)")
        }
        let slow = result.slow
        line(
            "  \(slow.goodChecks) relays that answer after \(MonitoredRelays.delay.inSeconds.text(0)) s:"
                + " \(slow.mostHeld) at one time, \(slow.goodSeconds.text(1)) s, at most \(slow.peak.text(0)) MiB"
                + " resident   (goal: at most 200 MiB at 1000)")
    }

    private func scenario(_ name: String, _ cycle: MonitorCycle) {
        let each = { (seconds: Double) in (seconds * 1_000 / Double(max(cycle.checks, 1))).text(2) }
        line(
            "    \(name): \(cycle.goodChecks) checked in \(cycle.goodSeconds.text(1)) s ="
                + " \(cycle.rate.text(0)) a second; all \(cycle.checks) in \(cycle.seconds.text(1)) s,"
                + " \(cycle.mostHeld) at one time, at most \(cycle.peak.text(0)) MiB resident")
        line(
            "      CPU a check: Monitor \(each(cycle.monitor)) ms, servers \(each(cycle.servers)) ms, relays"
                + " \(each(cycle.relays)) ms")
    }
}
