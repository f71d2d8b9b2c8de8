import Database
import Support
import SyncEngine
import Testing

/// An archive that takes some kinds alone, and changes its mind.
@Suite(.serialized) struct FilterTests {
    private static let relays: [Vices] = [
        Vices(), Vices("silent cap") { $0.cap = 50 }, Vices("no NIP-77") { $0.sets = .unknown },
        Vices("oldest first") { $0.order = .oldestFirst },
        Vices("ignores kinds") { ($0.ignoresKinds, $0.sets) = (true, .unknown) },
    ]

    private func run(_ vices: Vices, _ plan: Scenario.Plan) throws -> Scenario.RelayResult {
        let result = try Scenario(seed: 3, relays: [vices], events: 600, plan: plan).run()
        #expect(result.failures.isEmpty)
        return try #require(result.relays.first)
    }

    @Test(arguments: relays) func `of a filtered archive nothing is missing, and nothing else is in it`(
        vices: Vices
    ) throws {
        let plan = Scenario.Plan(length: .seconds(10_000), late: 20, kinds: ([1, 7], []))
        let relay = try run(vices, plan)
        #expect(relay.held > 200 && relay.missing == 0)
        #expect(relay.kinds == [1, 7])
        #expect(relay.wronglyGone == 0)
        // Whoever sends what was not asked for is not believed.
        #expect(relay.read == (vices.ignoresKinds ? .settled : .sealed))
    }

    @Test(arguments: relays, [[1, 3, 6, 7], [7], []] as [[UInt16]])
    func `another filter takes earlier claims back and reads again`(vices: Vices, after: [UInt16]) throws {
        // Most of what was sealed by then is not due for another look so soon.
        var plan = Scenario.Plan(length: .seconds(9_900), kinds: ([1], after))
        plan.restartAt = .seconds(9_000)
        let relay = try run(vices, plan)
        #expect(relay.held > 40 && relay.missing == 0)
        #expect(relay.kinds == (after.isEmpty ? [0, 1, 3, 6, 7, 30_023] : Set(after + [1])))
        #expect(relay.wronglyGone == 0)
    }

    @Test(arguments: relays) func `what another filter opened is proven again`(vices: Vices) throws {
        var plan = Scenario.Plan(length: .seconds(24_000), kinds: ([1], [3, 7]))
        plan.restartAt = .seconds(9_000)
        let relay = try run(vices, plan)
        #expect(relay.missing == 0 && relay.wronglyGone == 0)
        #expect(relay.read == (vices.ignoresKinds ? .settled : .sealed))
    }
}
