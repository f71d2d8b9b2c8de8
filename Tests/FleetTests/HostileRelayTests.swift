import Crypto
import Foundation
import Nostr
import Support
import Testing

/// Relays that do every wrong thing of docs/HOSTILE.md, many at a time, against the executable.
@Suite(.serialized, .timeLimit(.minutes(10))) struct HostileRelayTests {
    /// Of the process, with all hostile relays at once.
    private static let mostMebibytes = 256
    private static let core = "networks:\n  local:\n    enabled: true\n    max_connections: 300\n"

    @Test func `every hostile relay has its reason, stores nothing invalid, and disturbs nobody`() async throws {
        let originals = try await HostileRelays.start(
            [HostileCase("originals") { $0.events = HostileCase.originals }], seed: 1)
        let (before, beside) = (
            try await HostileRelays.honest(4, events: 300, seed: 600),
            try await HostileRelays.honest(4, events: 300, seed: 700)
        )
        let hostile = try await HostileRelays.start(
            HostileCase.transport + HostileCase.messages + HostileCase.events, seed: 800)
        let port = try FreePort.find()
        try await withFleet { fleet in
            let file = SynchronizerFile(progressTimeout: 3, pageTimeout: 8, healthPort: port)
            let process = try fleet.start(own: file.text, core: Self.core)
            try await fleet.read(originals, process)
            let alone = try await fleet.read(before, process)
            try await fleet.add(hostile.urls)
            let disturbed = try await fleet.read(beside, process)
            #expect(disturbed < alone * 10 + .seconds(10), "alone \(alone), beside hostile relays \(disturbed)")
            try await fleet.waitUntilVisited(hostile.urls, process)
            let outcomes = try await fleet.countedOutcomes(hostile, process)
            let metrics = await HTTPProbe.get("/metrics", port: port)?.body ?? ""
            let peak = process.peakMebibytes
            Footnote.write("alone \(alone), beside hostile relays \(disturbed), \(peak) MiB at most")
            #expect(try await process.terminate() == 0, "\(process.everything)")
            try hostile.expectOutcomes(outcomes)
            hostile.expectCounted(metrics, outcomes)
            #expect(peak < Self.mostMebibytes)
            #expect(process.longestLine < 4_096)
            let archive = try await fleet.archive()
            let relays = [originals, before, beside, hostile]
            try await fleet.expectExactly(
                relays.map { $0.held(archive) }.reduce(into: [:]) { $0.merge($1) { $0.union($1) } })
            for group in relays { try await fleet.expectHonestCoverage(group, archive) }
            hostile.expectSomeStored(archive)
            archive.expectSignatures(of: HostileCase.originals)
            hostile.expectSignedOnce()
        }
        for group in [originals, before, beside, hostile] { await group.stop() }
    }

    @Test func `a connection that is reset at any byte of the handshake is a lost one`() async throws {
        var behaviour = FakeRelayBehaviour()
        behaviour.cutsHandshake = true
        let (relay, honest) = (
            try await FakeRelay.start(behaviour: behaviour), try await HostileRelays.honest(2, events: 200, seed: 900)
        )
        // The answer to the upgrade has 129 bytes; behind it, the first answers are cut.
        let urls = (0..<140).map { relay.url.text + "/cut/\($0)" }
        try await withFleet { fleet in
            // However slow the machine is: what is cut is not to count as late.
            let process = try fleet.start(own: SynchronizerFile().text, core: Self.core + "    timeout: 100\n")
            try await fleet.add(urls)
            try await fleet.read(honest, process)
            try await fleet.waitUntilVisited(urls, process)
            let others = """
                SELECT concat_ws(' ', relay_url, class, last_error) FROM relay_sync JOIN relays USING (relay_id)
                 WHERE relay_url LIKE '%/cut/%'
                   AND (class, last_error) IS DISTINCT FROM (5::smallint, 'connection_lost')
                """
            #expect(try await fleet.texts(others) == [])
            #expect(try await process.terminate() == 0, "\(process.everything)")
            try await fleet.expectExactly(honest.held(try await fleet.archive()))
        }
        await relay.stop()
        await honest.stop()
    }

    @Test func `what takes several passes comes to an end too`() async throws {
        let (hostile, honest) = (
            try await HostileRelays.start(HostileCase.slow, seed: 1_000),
            try await HostileRelays.honest(2, events: 500, seed: 1_100)
        )
        let port = try FreePort.find()
        try await withFleet { fleet in
            let file = SynchronizerFile(
                pageSize: 100, revisit: 0.3, retry: 0.3, progressTimeout: 3, healthPort: port, secondPass: 1,
                rescans: [2, 20])
            let process = try fleet.start(own: file.text, core: Self.core)
            try await fleet.add(hostile.urls + honest.urls)
            var open: [String] = []
            try await eventually(
                "all histories are judged", within: .seconds(240), found: { open.joined(separator: "\n") }
            ) {
                open = try await fleet.undecided(HostileRelays(all: hostile.all + honest.all))
                return open.isEmpty
            }
            let outcomes = try await fleet.countedOutcomes(hostile, process)
            let metrics = await HTTPProbe.get("/metrics", port: port)?.body ?? ""
            #expect(process.peakMebibytes < Self.mostMebibytes)
            #expect(process.longestLine < 4_096)
            #expect(try await process.terminate() == 0, "\(process.everything)")
            try hostile.expectOutcomes(outcomes)
            hostile.expectCounted(metrics, outcomes)
            #expect(try await fleet.number("SELECT count(*) FROM relay_phantoms") == 3)
            #expect(metrics.contains("bigbrotr_phantoms_total 3"))
            // One whose comparisons never end is not asked for them again.
            for relay in hostile.all where relay.one.name.hasPrefix("35d") {
                let isLeftToPages = """
                    SELECT count(*) FROM relay_sync JOIN relays USING (relay_id)
                     WHERE relay_url = '\(relay.url)' AND behaviour -> 'negentropy' = 'false'
                    """
                #expect(try await fleet.number(isLeftToPages) == 1)
            }
            let archive = try await fleet.archive()
            for group in [hostile, honest] { try await fleet.expectHonestCoverage(group, archive) }
            let (seen, held) = (archive.idsByRelay, hostile.held(archive).merging(honest.held(archive)) { $1 })
            // What passed by while pages were asked for may be there or not.
            for (url, ids) in held { #expect(ids.isSubset(of: seen[url] ?? []), "\(url)") }
            try await fleet.expectConsistent()
        }
        for group in [hostile, honest] { await group.stop() }
    }
}

extension Fleet {
    /// Adds relays without a fault, and gives the time until they are read.
    @discardableResult
    fileprivate func read(_ honest: HostileRelays, _ process: ServiceProcess) async throws -> Duration {
        let clock = ContinuousClock()
        let start = clock.now
        try await add(honest.urls)
        try await eventually("they are read", found: { process.everything }) {
            try await hurry(honest.urls)
            return try await unvisited(honest.urls).isEmpty
        }
        return clock.now - start
    }

    fileprivate func waitUntilVisited(_ urls: [String], _ process: ServiceProcess) async throws {
        var left: [String] = []
        try await eventually("all are visited", within: .seconds(240), found: { "\(left)\n\(process.everything)" }) {
            left = try await unvisited(urls)
            return left.isEmpty
        }
    }
}

extension Archive {
    /// Whatever others showed of these events, they stand there under the signatures that came first.
    fileprivate func expectSignatures(of originals: [SampleEvent]) {
        let stored = Dictionary(uniqueKeysWithValues: events.map { ($0.id, $0.signature) })
        let changed = originals.filter { stored[$0.id] != $0.signature }
        #expect(changed.isEmpty, "\(changed.count) of \(originals.count)")
    }
}

extension HostileRelays {
    fileprivate func expectSomeStored(_ archive: Archive) {
        let held = held(archive)
        for relay in all where relay.one.stored == .some {
            #expect(held[relay.url]?.isEmpty == false, "\(relay.one.name)")
        }
    }

    /// One AUTH a connection at most, and for the URL that was dialled.
    fileprivate func expectSignedOnce() {
        for relay in all {
            let signed = relay.relay.messages(named: "AUTH")
            #expect(signed.count <= relay.relay.connectionCount, "\(relay.one.name)")
            #expect(signed.allSatisfy { $0.contains(#"["relay","\#(relay.url)"#) }, "\(relay.one.name): \(signed)")
        }
        #expect(all.contains { !$0.relay.messages(named: "AUTH").isEmpty }, "some of them demand it")
    }
}
