import Crypto
import Foundation
import Nostr
import Support
import Testing

/// Relays whose sets (NIP-77) say something else than their pages, or that compare sets no longer.
@Suite(.serialized, .timeLimit(.minutes(10))) struct DishonestSetsTests {
    private static let file = SynchronizerFile(
        revisit: 0.3, retry: 0.3, visit: 8, retryCeiling: 1, progressTimeout: 1, secondPass: 1, rescans: [1, 2]
    ).text

    /// A way in which comparing sets ends, for a relay that did it before.
    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let reconciling: FakeRelayBehaviour.Reconciling
        /// Windows without a difference are compared by its first message alone.
        var isHalf = false
    }

    static let changes = [
        Change(testDescription: "closes at the first message", reconciling: .disconnect(after: 0)),
        Change(testDescription: "closes at the second message", reconciling: .disconnect(after: 1)),
        Change(testDescription: "is silent", reconciling: .ignored),
        Change(testDescription: "is silent after its first message", reconciling: .silent(after: 1), isHalf: true),
        Change(testDescription: "says no by NOTICE", reconciling: .notice("ERROR: bad msg: negentropy disabled")),
    ]

    @Test(arguments: changes) func `one that compares sets no longer is read by pages`(change: Change) async throws {
        var factory = EventFactory(seed: 770)
        let all = factory.events(700)
        let late = stride(from: 0, to: all.count, by: 20).map { all[$0] }
        let relay = try await FakeRelay.start(events: Array(Set(all).subtracting(late)))
        try await withFleet { fleet in
            try await fleet.add([relay.url.text])
            let process = try fleet.start(own: Self.file)
            try await eventually("it is sealed by its sets", found: { process.everything }) {
                try await fleet.number("SELECT count(*) FROM relay_coverage WHERE state = 3 AND proof = 2") > 0
            }
            relay.behaviour.reconciling = change.reconciling
            relay.insert(late)
            try await eventually("late events are found", within: .seconds(90), found: { process.everything }) {
                try await fleet.eventCount() == all.count
            }
            if !change.isHalf {
                try await eventually("its sets are left alone", found: { process.everything }) {
                    try await fleet.number(
                        "SELECT count(*) FROM relay_sync WHERE behaviour -> 'negentropy' = 'false'") == 1
                }
            }
            #expect(try await process.terminate() == 0, "\(process.everything)")
            try await fleet.expectExactly([relay.url.text: Set(all.map(\.id))])
        }
        await relay.stop()
    }

    static let lies = [
        Change(testDescription: "lacks each third", reconciling: .partial(lacking: 3)),
        Change(testDescription: "a day later", reconciling: .shifted(by: 86_400)),
    ]

    @Test(arguments: lies) func `sets that lack what pages show end no sighting, and prove nothing`(
        lie: Change
    ) async throws {
        var factory = EventFactory(seed: 771)
        // Ids of one day are compared by their sum, wherever in it they are said to be.
        let all = (0..<20).flatMap { _ in
            factory.createdAt += 40_000
            return factory.events(35)
        }
        let late = stride(from: 0, to: all.count, by: 20).map { all[$0] }
        var behaviour = FakeRelayBehaviour()
        behaviour.reconciling = lie.reconciling
        let relay = try await FakeRelay.start(events: Array(Set(all).subtracting(late)), behaviour: behaviour)
        try await withFleet { fleet in
            try await fleet.add([relay.url.text])
            let process = try fleet.start(own: Self.file)
            try await eventually("its sets are found out", found: { process.everything }) {
                try await fleet.number(
                    "SELECT count(*) FROM relay_sync WHERE behaviour -> 'negentropy' = 'false'") == 1
            }
            relay.insert(late)
            try await eventually("late events are found by pages", found: { process.everything }) {
                try await fleet.eventCount() == all.count
            }
            #expect(try await process.terminate() == 0, "\(process.everything)")
            #expect(try await fleet.number("SELECT count(*) FROM events_relays WHERE gone_at IS NOT NULL") == 0)
            #expect(try await fleet.number("SELECT count(*) FROM relay_coverage WHERE state = 3") == 0)
            #expect(try await fleet.number("SELECT sum(n) FROM relay_day") == all.count)
            try await fleet.expectExactly([relay.url.text: Set(all.map(\.id))])
        }
        await relay.stop()
    }
}
