import Support
import SyncEngine
import Testing

/// Relays that do not answer about all of their history, or let nobody read for a time.
@Suite(.serialized) struct UnansweredTests {
    private func run(_ vices: Vices, _ plan: Scenario.Plan, events: Int = 500) throws -> Scenario.RelayResult {
        let result = try Scenario(seed: 5, relays: [vices], events: events, plan: plan).run()
        #expect(result.failures.isEmpty)
        return try #require(result.relays.first)
    }

    @Test(arguments: [InconclusiveReason.authRequired, .restricted, .paymentRequired])
    func `what a relay refused is a gap, and is read once it answers`(reason: InconclusiveReason) throws {
        let vices = Vices { ($0.refusals, $0.refusal, $0.opensAt) = (1, reason, .seconds(30_000)) }
        let closed = try run(vices, .init(length: .seconds(29_000)), events: 100)
        #expect(Set(closed.states.keys) == [.gap] && closed.gaps.count == 1 && closed.stored == 0)
        let open = try run(vices, .init(length: .seconds(290_000)), events: 100)
        #expect(open.missing == 0 && open.stored > 90 && open.read == .sealed && open.gaps.isEmpty, "\(open.states)")
    }

    /// Seconds amid the history.
    private static let seconds = (SimulatedWorld.epoch - 400_000)...(SimulatedWorld.epoch - 380_000)

    @Test(arguments: [InconclusiveReason.timedOut, .closed], [Vices.Sets.unknown, .compared])
    func `what a relay does not answer about is a gap, and all around it is read`(
        reason: InconclusiveReason, sets: Vices.Sets
    ) throws {
        let vices = Vices { ($0.withheld, $0.sets) = ((Self.seconds, reason), sets) }
        let relay = try run(vices, .init(length: .seconds(20_000), arrivals: 50))
        #expect(relay.missing == 0 && relay.gaps == [.unanswered], "\(relay.missing) \(relay.states)")
        #expect(relay.states[.gap, default: 0] < 300_000, "\(relay.states)")
        #expect(relay.read == .sealed && relay.stored > 400, "\(relay.stored) of \(relay.held), \(relay.states)")
    }

    @Test func `a relay that refuses a part of its history is read down to there, and what is new goes on`() throws {
        let vices = Vices { ($0.withheld, $0.sets) = ((Self.seconds, .restricted), .unknown) }
        let relay = try run(vices, .init(length: .seconds(20_000), arrivals: 50))
        #expect(relay.missing == 0 && relay.gaps == [.restricted], "\(relay.missing) \(relay.states)")
        #expect(relay.stored > 100 && relay.visits < 200, "\(relay.stored) \(relay.visits)")
    }

    @Test func `an event of the future that is too large for a message hides nothing that is due`() throws {
        let vices = Vices { ($0.holdings.oversizedAhead, $0.sets) = (1, .unknown) }
        let relay = try run(vices, .init(length: .seconds(8_000), late: 20, arrivals: 50))
        #expect(relay.missing == 0 && relay.read == .sealed, "\(relay.states) \(relay.lastError ?? "")")
        #expect(relay.states[.gap, default: 0] < 1_000, "\(relay.states)")
    }

    @Test func `one that appears amid what was sealed keeps no look from what is older`() throws {
        var plan = Scenario.Plan(length: .seconds(30_000), late: 40)
        plan.lateOversized = true
        let relay = try run(Vices { $0.sets = .unknown }, plan)
        #expect(relay.missing == 0, "\(relay.states) \(relay.lastError ?? "")")
        #expect(relay.gaps == [.oversize] && relay.read == .sealed, "\(relay.gaps) \(relay.states)")
    }

    @Test func `a part with more sightings than fit into memory is compared nevertheless`() throws {
        var plan = Scenario.Plan(length: .seconds(20_000), follows: false)
        (plan.deleted, plan.mostCompared) = (0.95, 100)
        let relay = try run(Vices { $0.sets = .unknown }, plan)
        #expect(relay.deleted.unnoticed == 0 && relay.deleted.gone > 400, "\(relay.deleted)")
        #expect(relay.read == .sealed, "\(relay.states)")
    }
}
