import Database
import Foundation
import Glibc
import Support
import SyncEngine
import Testing

/// The engine and its leases, run whole over simulated relays, replicas and faults.
@Suite(.serialized) struct SimulatorTests {
    /// How many runs: `SEEDS=10000 make simulate`, from `FIRST` on. One alone: `SEED=77`.
    static var seeds: [UInt64] {
        if let one = number("SEED") { return [one] }
        let first = number("FIRST") ?? 1
        return Array(first..<(first + max(number("SEEDS") ?? 500, 1)))
    }

    /// Where to write what happened, of the last seed: `make simulate SEED=77 TRACE=file`.
    private static var traceFile: String? {
        getenv("TRACE").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Of one relay in a random run: 600 events in pages of 50, split into windows, and looked at every two minutes.
    private static func mostRequests(_ vices: Vices) -> Int {
        // A page of nothing but the future is asked for in each visit, beside what is due.
        if vices.order == .newestFirst { return vices.holdings.future > 100 ? 10_000 : 5_000 }
        // Each event of the future is searched for between now and the end of time.
        return vices.holdings.future > 100 ? 20_000 : 10_000
    }

    /// C4: of a relay that is due, for a process that looks for such; one that ends its cycle looks again after its
    /// last page.
    private static let longestWait = Scenario.poll + .seconds(45)

    /// One of the relays with one vice alone: `VICE="says finish" make simulate`.
    static var catalogue: [Vices] {
        guard let name = getenv("VICE").map({ String(cString: $0) }), !name.isEmpty else { return Vices.catalogue }
        return Vices.catalogue.filter { $0.description == name }
    }

    /// A run whose happenings are written down where somebody wants to read them.
    private func traced<Result>(_ body: (SimulatedTrace) throws -> Result) throws -> Result {
        let trace = SimulatedTrace(isOn: Self.traceFile != nil)
        defer {
            if let file = Self.traceFile { try? trace.text.write(toFile: file, atomically: true, encoding: .utf8) }
        }
        return try body(trace)
    }

    /// Runs all seeds, so many at a time as the machine may give: `WORKERS`, 1 where it has other tests to run.
    private func runs(_ take: (UInt64, Scenario.Result) -> Void) async throws {
        try await withThrowingTaskGroup(of: (UInt64, Scenario.Result).self) { group in
            for (place, seed) in Self.seeds.enumerated() {
                if place >= Self.number("WORKERS") ?? 1, let next = try await group.next() { take(next.0, next.1) }
                group.addTask { (seed, try traced { try Scenario(random: seed, trace: $0).run() }) }
            }
            for try await (seed, result) in group { take(seed, result) }
        }
    }

    private static func number(_ variable: String) -> UInt64? {
        getenv(variable).flatMap { UInt64(String(cString: $0)) }
    }

    @Test(arguments: catalogue)
    func `no relay with missing events counts as complete`(vices: Vices) async throws {
        let plan = Scenario.Plan(length: .seconds(8_000), late: 20)
        let result = try traced { try Scenario(seed: 1, relays: [vices], events: 500, plan: plan, trace: $0).run() }
        #expect(result.failures.isEmpty)
        let relay = try #require(result.relays.first)
        #expect(relay.held > 400)
        #expect(relay.lost == 0)
        #expect(relay.missing == 0 || vices.isUnpageable)
        let expected = vices.expected
        #expect(expected.states.contains { $0 == relay.read }, "\(relay.states) \(relay.lastError ?? "")")
        #expect(expected.proof.map(relay.proofs.contains) ?? true, "\(relay.proofs)")
        #expect(expected.gap.map(relay.gaps.contains) ?? true, "\(relay.gaps)")
        #expect(expected.rejected.map { relay.rejected[$0, default: 0] > 0 } ?? true, "\(relay.rejected)")
        await Task.yield()
    }

    @Test(arguments: Vices.poisoned)
    func `a relay with events that the database refuses is read to its end, and the rest of it is stored`(
        vices: Vices
    ) throws {
        let plan = Scenario.Plan(length: .seconds(8_000), late: 20, arrivals: 20)
        let result = try Scenario(seed: 1, relays: [vices], events: 500, plan: plan).run()
        #expect(result.failures.isEmpty)
        let relay = try #require(result.relays.first)
        #expect(relay.missing == 0 && relay.lost == 0 && relay.held > 400, "\(relay.missing) of \(relay.held)")
        #expect(relay.read == .sealed || relay.read == .settled, "\(relay.states) \(relay.lastError ?? "")")
        #expect(relay.rejected["data_error", default: 0] > 0)
        #expect(relay.visits < 200, "\(relay.visits)")
    }

    @Test(arguments: Vices.closed)
    func `a relay that lets nobody read proves nothing, and is asked ever more seldom`(vices: Vices) throws {
        let result = try Scenario(seed: 1, relays: [vices], events: 100, plan: .init(length: .seconds(8_000))).run()
        #expect(result.failures.isEmpty)
        let relay = try #require(result.relays.first)
        #expect(Set(relay.states.keys) == Set(vices.expected.states))
        #expect(relay.gaps == Set([vices.expected.gap].compactMap { $0 }))
        #expect(relay.lastError == vices.expected.error)
        #expect(relay.visits > 0 && relay.visits <= vices.expected.visits ?? 400)
    }

    @Test func `the same seed gives the same run`() throws {
        let plan = Scenario.Plan(replicas: 2, kills: 3, freezes: 2, outages: 3)
        let runs = try (0..<2).map { _ in
            try Scenario(seed: 5, relays: [Vices(), Vices()], events: 300, plan: plan).run()
        }
        #expect(runs[0].requests == runs[1].requests && runs[0].commits == runs[1].commits)
        #expect(runs[0].failures == runs[1].failures)
    }

    @Test(arguments: [Vices(), Vices("no NIP-77") { $0.sets = .unknown }])
    func `history that does not fit into one visit goes on at once, whatever else is due`(vices: Vices) throws {
        var plan = Scenario.Plan(length: .seconds(60), follows: false)
        // A page or two each, and what it read is due again before the next one.
        (plan.visitBytes, plan.secondPass) = (64 << 10, 1)
        let result = try Scenario(seed: 2, relays: [vices], events: 1_500, plan: plan).run()
        #expect(result.failures.isEmpty)
        let claims = try #require(result.relays.first?.claims)
        #expect(claims.count > 12, "\(claims)")
    }

    @Test func `what comes to a followed relay is stored at once`() throws {
        for lane in [SyncLane.ordinary, .priority] {
            let plan = Scenario.Plan(replicas: 2, length: .seconds(3_000), arrivals: 200, lane: lane)
            let result = try Scenario(seed: 9, relays: [Vices(), Vices()], events: 300, plan: plan).run()
            #expect(result.failures.isEmpty)
            #expect(result.looked > 380)
            #expect(result.relays.count == 2 && result.relays.allSatisfy { $0.missing == 0 && $0.read == .sealed })
        }
    }

    @Test(arguments: [false, true])
    func `the gap that one event leaves is small in the end, and all around it is sealed`(comparesSets: Bool) throws {
        let vices = Vices {
            ($0.holdings.oversized, $0.sets) = (1, comparesSets ? .compared : .unknown)
        }
        // The history goes on for months below it.
        let result = try Scenario(seed: 3, relays: [vices], events: 1_500, plan: .init(length: .seconds(270_000))).run()
        #expect(result.failures.isEmpty)
        let relay = try #require(result.relays.first)
        #expect(relay.read == .sealed && relay.gaps.contains(.oversize) && relay.missing == 0)
        #expect(relay.states[.gap, default: 0] < 40_000, "\(relay.states)")
        #expect(relay.stored > 1_480, "\(relay.stored) of \(relay.held)")
    }

    /// Two relays that have much of the same, read one after the other.
    private func overlapping(_ vices: Vices, share: Double = 0.9) throws -> Scenario.Result {
        var plan = Scenario.Plan(length: .seconds(8_000), late: 20, follows: false)
        plan.slots = 1
        plan.common = (1_500, share)
        return try Scenario(seed: 11, relays: [Vices(), vices], events: 60, plan: plan).run()
    }

    @Test func `what one relay showed is not downloaded from the next one`() throws {
        let result = try overlapping(Vices())
        #expect(result.failures.isEmpty)
        let relay = try #require(result.relays.last)
        #expect(relay.partsBySets > 0 && relay.missing == 0 && relay.lost == 0 && relay.wronglyGone == 0)
        #expect(relay.read == .sealed && relay.proofs.contains(.negentropy))
        let pages = try #require(try overlapping(Vices { $0.sets = .unknown }).relays.last)
        #expect(pages.partsBySets == 0 && pages.missing == 0)
        #expect(relay.served * 3 < pages.served, "\(relay.served) and \(pages.served) bytes")
    }

    @Test(arguments: catalogue)
    func `however a relay behaves, history that is compared before it is read becomes whole`(vices: Vices) throws {
        let result = try overlapping(vices)
        #expect(result.failures.isEmpty)
        let relay = try #require(result.relays.last)
        #expect(relay.held > 1_000 && relay.lost == 0)
        #expect(relay.missing == 0 || vices.isUnpageable)
        let expected = vices.expected
        #expect(expected.states.contains { $0 == relay.read }, "\(relay.states) \(relay.lastError ?? "")")
        #expect(expected.proof.map(relay.proofs.contains) ?? true, "\(relay.proofs)")
    }

    @Test func `an id that is claimed for times that are not its own is not linked again, and casts a doubt`() throws {
        // What comes later is no part of the windows that are looked at before.
        let plan = Scenario.Plan(length: .seconds(8_000), arrivals: 300, follows: false)
        let vices = Vices { $0.sets = .misplaced(3) }
        let result = try Scenario(seed: 2, relays: [vices], events: 300, plan: plan).run()
        #expect(result.failures.isEmpty)
        let relay = try #require(result.relays.first)
        #expect(relay.missing == 0 && relay.read == .settled, "\(relay.states)")
    }

    @Test(arguments: [1, 8, 10] as [UInt64])
    func `what a comparison brings is stored in one order, in however many calls`(seed: UInt64) throws {
        var plan = Scenario.Plan(length: .seconds(3_000), arrivals: 3_000, lane: .priority, slots: 1, batchRows: 10)
        plan.common = (1_500, 0.7)
        let result = try Scenario(seed: seed, relays: [Vices(), Vices()], events: 400, plan: plan).run()
        // So small calls keep nobody fresh.
        #expect(result.failures.filter { !$0.hasPrefix("freshness") } == [])
        #expect(result.relays.last?.partsBySets ?? 0 > 0)
    }

    @Test func `an id that is answered by forgeries alone is a phantom, and no event of the relay's`() throws {
        let vices = Vices { $0.forgeries = 1 }
        let result = try Scenario(seed: 4, relays: [vices], events: 60, plan: .init(length: .seconds(8_000))).run()
        let relay = try #require(result.relays.first)
        #expect(relay.held > 50 && relay.stored == 0)
        #expect(relay.phantoms >= relay.held && relay.items == 0, "\(relay.phantoms) and \(relay.items)")
    }

    @Test func `a relay stays followed, and what is due is claimed, while another one is silent`() throws {
        let silent = try #require(Vices.closed.first { $0.description == "silent" })
        let plan = Scenario.Plan(length: .seconds(3_000), arrivals: 50, lane: .priority)
        let result = try Scenario(seed: 6, relays: [Vices(), silent], events: 100, plan: plan).run()
        #expect(result.failures.isEmpty && result.looked > 40)
        let visits = result.relays.map(\.visits)
        #expect(visits.first == 1 && visits.last ?? 0 > 40, "\(visits)")
    }

    @Test func `while nothing can be claimed, relays that are followed stay so and are read`() throws {
        var plan = Scenario.Plan(length: .seconds(3_000), arrivals: 200, lane: .priority)
        plan.claimsFailFrom = .seconds(300)
        let result = try Scenario(seed: 6, relays: [Vices(), Vices()], events: 100, plan: plan).run()
        #expect(result.failures.isEmpty && result.looked > 380, "\(result.looked)")
        #expect(result.relays.allSatisfy { $0.missing == 0 && $0.read == .sealed })
    }

    @Test func `followed relays keep none waiting`() throws {
        let plan = Scenario.Plan(length: .seconds(6_000), arrivals: 50, slots: 1)
        let result = try Scenario(seed: 3, relays: [Vices(), Vices(), Vices()], events: 200, plan: plan).run()
        #expect(result.failures.isEmpty)
        #expect(result.relays.count == 3 && result.relays.allSatisfy { $0.missing == 0 && $0.visits > 20 })
    }

    @Test func `random relays, replicas and faults`() async throws {
        var (commits, looked, relays, fooled, bySets) = (0, 0, 0, 0, 0)
        var longest = Duration.zero
        try await runs { seed, result in
            commits += result.commits
            longest = max(longest, result.longestWait)
            looked += result.looked
            let vices = result.relays.map(\.vices)
            for failure in result.failures.prefix(3) { Issue.record("SEED=\(seed): \(failure) \(vices)") }
            relays += result.relays.count
            bySets += result.relays.count { $0.partsBySets > 0 }
            fooled += result.relays.count(where: \.isFooled)
            if result.longestWait > Self.longestWait {
                Issue.record("SEED=\(seed): C4: a relay that was due waited \(result.longestWait)")
            }
            for relay in result.relays where relay.lost > 0 && !relay.isFooled {
                Issue.record("SEED=\(seed): \(relay.vices) lacks \(relay.lost) of \(relay.held), \(relay.states)")
            }
            for relay in result.relays where relay.requests > Self.mostRequests(relay.vices) {
                Issue.record("SEED=\(seed): \(relay.vices) was asked \(relay.requests) times")
            }
        }
        // Two passes may leave out the same event by chance: one relay in two hundred at most.
        #expect(fooled <= max(relays / 200, 1), "\(fooled) of \(relays) relays")
        #expect(commits > 0 && (looked > 0 || Self.seeds.count < 10))
        #expect(bySets > 0 || Self.seeds.count < 50)
    }
}
