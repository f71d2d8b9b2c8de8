import Support

/// One run: what several parts need is made once, when the first of them asks for it.
final class BenchmarkRun {
    private static let storeRounds = 3

    private let options: BenchmarkOptions
    private let report: Report
    private lazy var corpus = makeCorpus()
    /// Microseconds of one bare verification.
    private lazy var verification = measureVerification()
    private lazy var client = ClientCosts(corpus)

    init(_ options: BenchmarkOptions, _ report: Report) {
        self.options = options
        self.report = report
        report.line("BigBrotr benchmarks, \(Processors.count) processors")
    }

    func run(_ part: BenchmarkPart) async throws {
        switch part {
        case .costs: try await costs()
        case .endToEnd: try await endToEnd()
        case .freshness: report.freshness(try await Freshness.measure())
        case .overlap:
            let (overlap, unit) = try await withUnit { try await Overlap.measure(corpus) }
            report.overlap(overlap, verification: unit)
        case .sets: report.sets(try await UnchangedWindow.measure())
        case .claims: report.claims(try await ClaimRates.measure())
        case .replicas: report.replicas(try await ReplicaScaling.measure())
        case .hostile: report.hostile(try await HostileNeighbours.measure())
        case .monitor:
            report.monitor(try await MonitorRates.measure())
            report.monitorWork(try await MonitorWork.measure())
        case .memory: report.memory(try await FollowerMemory.measure(relays: options.relays))
        case .discovery: report.discovery(try await Discovery.measure(events: options.scannedEvents, report))
        case .stored: try await stored()
        }
    }

    private func costs() async throws {
        report.table("client, one core", client.rows(verification: verification))
        let rounds = try await storeRounds()
        let middle = rounds[rounds.count / 2]
        report.unit = middle.unit
        report.line("")
        report.line("fresh tables, a new event: \(rounds.map { "\($0.ratio.text(2)) x" }.joined(separator: ", "))")
        report.line("the middle round, one verification around it: \(middle.unit.text(2)) us = 1.00 x")
        report.table("store, all CPU of client, PgBouncer and PostgreSQL", middle.store.rows)
        report.table("an event, all CPU", middle.sums)
    }

    /// What the body measured, and microseconds of one verification around it: a machine's speed drifts, so the unit is
    /// the mean of one taken right before and one right after.
    private func withUnit<Result>(_ body: () async throws -> Result) async throws -> (Result, Double) {
        let before = ClientCosts.verification(corpus)
        let result = try await body()
        return (result, (before + ClientCosts.verification(corpus)) / 2)
    }

    /// Rounds with tables of their own, the cheapest first, each with its own unit.
    private func storeRounds() async throws -> [StoreRound] {
        var rounds: [StoreRound] = []
        for _ in 0..<Self.storeRounds {
            let (store, unit) = try await withUnit {
                try await withTestDatabase { try await StoreCosts.measure(corpus, in: $0) }
            }
            rounds.append(
                StoreRound(unit: unit, store: store, sums: store.sums(client, verification: unit, goal: 2.6)))
        }
        return rounds.sorted { $0.ratio < $1.ratio }
    }

    private func endToEnd() async throws {
        _ = verification
        let corpus = corpus
        let before = try await withTestDatabase { try await Ceiling.measure(corpus, in: $0) }
        let whole = try await EndToEnd.measure(corpus)
        let after = try await withTestDatabase { try await Ceiling.measure(corpus, in: $0) }
        report.endToEnd(whole, ceilings: [before, after])
    }

    private func stored() async throws {
        let (report, corpus, client) = (report, corpus, client)
        // Others than those whose costs are measured, since each is new once.
        let others = Corpus(events: options.events, seed: 2)
        try await withTestDatabase { database in
            let fill = try await StoredEvents.fill(options.storedEvents, database, report)
            report.filled(fill)
            let (store, unit) = try await withUnit { try await StoreCosts.measure(corpus, in: database) }
            report.unit = unit
            report.line("one verification around it: \(unit.text(2)) us = 1.00 x")
            report.table("store, at \(fill.events) events stored", store.rows)
            report.table(
                "an event, all CPU, at \(fill.events) events", store.sums(client, verification: unit, goal: 2.9))
            let before = try await Ceiling.measure(Corpus(events: options.events, seed: 3), in: database)
            let whole = try await EndToEnd.measure(others, in: database)
            let after = try await Ceiling.measure(Corpus(events: options.events, seed: 4), in: database)
            report.endToEnd(whole, ceilings: [before, after])
        }
    }

    private func makeCorpus() -> Corpus {
        let corpus = Corpus(events: options.events, seed: 1)
        report.line("corpus: \(corpus.samples.count) signed events, \(corpus.meanBytes) bytes mean")
        return corpus
    }

    private func measureVerification() -> Double {
        let microseconds = ClientCosts.verification(corpus)
        report.unit = microseconds
        report.line("one verification: \(microseconds.text(2)) us = 1.00 x")
        return microseconds
    }
}

/// What storing cost in one round, against one verification in the same minute.
private struct StoreRound {
    /// Microseconds of one verification.
    let unit: Double
    let store: StoreCosts
    /// Of a new event first.
    let sums: [CostRow]

    /// A new event in verifications.
    var ratio: Double { (sums.first?.microseconds ?? 0) / unit }
}
