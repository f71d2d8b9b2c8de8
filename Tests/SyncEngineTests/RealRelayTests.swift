import Nostr
import Support
import SyncEngine
import Testing

/// Reconciliation with relay software that was written elsewhere.
@Suite struct RealRelayReconcileTests {
    @Test(arguments: [0, 10, 2_000])
    func `what is missing here is found, no more and no less`(missing: Int) async throws {
        let events = LiveFixture.events(2_000)
        try await LiveFixture.withReal(events: events) { session, relay in
            try #require(relay.held == 2_000)
            // Scattered over the whole time, and one at each end.
            let step = missing == 0 ? 0 : events.count / missing
            let lacking = (0..<missing).map { events[$0 * step] }
            let ours = OurSet(events.filter { !lacking.contains($0) })
            let ending = try await ours.reconcile(session)
            #expect(ending == .finished)
            #expect(ours.need == Set(lacking.map(\.id)))
            #expect(ours.have.isEmpty)
        }
    }

    @Test func `what is missing there is found in a window`() async throws {
        let events = LiveFixture.events(2_000)
        let gone = Set(events.enumerated().filter { $0.offset.isMultiple(of: 100) }.map(\.element))
        try await LiveFixture.withReal(events: events.filter { !gone.contains($0) }) { session, _ in
            let (lo, hi) = (events[500].createdAt, events[1_500].createdAt)
            let window = events.filter { (lo...hi).contains($0.createdAt) }
            let filter = Filter(since: UnixTime(seconds: lo), until: UnixTime(seconds: hi))
            let ours = OurSet(window)
            let ending = try await session.reconcile(
                filter, opening: ours.open(), budget: LiveBudget.reconciliation
            ) { try ours.reply($0) }
            #expect(ending == .finished)
            #expect(ours.have == Set(window.filter(gone.contains).map(\.id)))
            #expect(ours.need.isEmpty)
        }
    }
}
