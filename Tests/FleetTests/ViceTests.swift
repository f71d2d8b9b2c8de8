import Crypto
import Nostr
import Support
import Testing

/// The table of relay behaviours by which the reading of history was designed, against the executable: what is stored
/// and what may count as complete.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ViceTests {
    private static let core = "networks:\n  local:\n    enabled: true\n    max_connections: 60\n"

    @Test(arguments: [false, true])
    func `every behaviour of relays comes to its verdict, and none with missing events to complete`(
        comparesSets: Bool
    ) async throws {
        let relays = try await HostileRelays.start(HostileCase.vices(comparesSets: comparesSets), seed: 1_500)
        try await withFleet { fleet in
            // A visit whose time ran out would give a crowded second up.
            let file = SynchronizerFile(
                pageSize: 100, revisit: 0.5, retry: 0.3, visit: 600, retryCeiling: 1, progressTimeout: 1, rateFloor: 10,
                secondPass: 1,
                rescans: [2, 4, 8, 30])
            let process = try fleet.start(own: file.text, core: Self.core)
            try await fleet.add(relays.urls)
            var open: [String] = []
            var lastLook = ContinuousClock.now
            try await eventually(
                "all come to a verdict", within: .seconds(240), found: { open.joined(separator: "\n") }
            ) {
                open = try await fleet.undecided(relays)
                if ContinuousClock.now - lastLook > .seconds(1) {
                    try await fleet.expectHonestCoverage(relays.seldomHiding)
                    lastLook = .now
                }
                return open.isEmpty
            }
            let outcomes = try await fleet.outcomes(relays, process)
            #expect(try await process.terminate() == 0, "\(process.everything)")
            let archive = try await fleet.archive()
            try await fleet.expectHonestCoverage(relays, archive)
            try await fleet.expectExactly(relays.held(archive))
            for relay in relays.all {
                let found = try #require(outcomes[relay.url])
                let text = Comment(rawValue: "\(relay.one.name): \(found)")
                #expect(relay.one.classes.contains { $0.rawValue == found.relayClass }, text)
                if let gap = relay.one.gap { #expect(found.gaps.contains(gap), text) }
            }
        }
        await relays.stop()
    }
}

extension HostileRelays {
    /// Those that hide nothing by chance: where chance has it, two passes may miss the same event, and that is known
    /// only when a third one shows it.
    fileprivate var seldomHiding: HostileRelays {
        HostileRelays(
            all: all.filter { relay in
                let behaviour = relay.one.behaviour
                let endsEarly = behaviour.chances.contains {
                    if case .earlyEOSE = $0.answer { true } else { false }
                }
                return behaviour.omissions == 0 && !endsEarly
            })
    }
}
