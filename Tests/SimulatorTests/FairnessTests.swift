import Glibc
import SyncEngine
import Testing

/// How several replicas share relays.
@Suite(.serialized) struct FairnessTests {
    /// `FAIRNESS=10000 make simulate` for many more.
    private static let relays = getenv("FAIRNESS").flatMap { Int(String(cString: $0)) } ?? 300
    private static let hour = Duration.seconds(3_600)

    /// C5. With few slots the replicas are never idle, and with many they wait for relays to fall due.
    @Test(arguments: [1, 5]) func `relays of equal yield are visited equally often`(slotsOf100: Int) throws {
        var plan = Scenario.Plan(replicas: 3, length: Self.hour, follows: false)
        plan.slots = max(1, Self.relays * slotsOf100 / 300)
        let vices = Array(repeating: Vices("no NIP-77") { $0.sets = .unknown }, count: Self.relays)
        let result = try Scenario(seed: 7, relays: vices, events: 4, plan: plan).run()
        #expect(result.failures.isEmpty)
        let visits = result.relays.map(\.visits)
        let (fewest, most) = (visits.min() ?? 0, visits.max() ?? 0)
        #expect(fewest >= 8 && Double(most) <= 1.5 * Double(fewest), "\(fewest) to \(most) visits")
    }

    /// C4.
    @Test(arguments: 1...3) func `after all replicas were killed every relay that is due is visited soon`(
        seed: UInt64
    ) throws {
        var plan = Scenario.Plan(replicas: 3, length: .seconds(2_000), slots: 10)
        plan.massacreAt = .seconds(1_000)
        plan.follows = seed % 2 == 0
        let vices = Array(repeating: Vices("silent cap") { $0.cap = 50 }, count: 30)
        let result = try Scenario(seed: seed, relays: vices, events: 300, plan: plan).run()
        #expect(result.failures.isEmpty)
        // What is not held is due after the usual time at the latest.
        let last = Duration.seconds(1_000 + 120) + Scenario.leaseTTL + Scenario.poll + .seconds(2)
        #expect(result.relays.count == 30)
        #expect(result.relays.allSatisfy { relay in relay.claims.contains { $0 > .seconds(1_000) && $0 < last } })
        #expect(result.longestWait <= Scenario.poll + .seconds(2), "\(result.longestWait)")
    }

    /// I6: where all relays are one host, each gets its turn.
    @Test(arguments: [1, 2]) func `relays that share an address wait for each other, and none for ever`(
        connections: Int
    ) throws {
        var plan = Scenario.Plan(length: .seconds(6_000), arrivals: 20)
        plan.connectionsPerAddress = connections
        let vices = Array(repeating: Vices(), count: 4)
        let result = try Scenario(seed: 3, relays: vices, events: 200, plan: plan).run()
        #expect(result.failures.isEmpty)
        #expect(result.mostAtOneAddress == connections)
        let found = result.relays.map { "\($0.missing) \($0.states) \($0.lastError ?? "") \($0.partsBySets)" }
        #expect(found.count == 4)
        #expect(result.relays.allSatisfy { $0.missing == 0 && $0.read == .sealed }, "\(found)")
    }
}
