import Crypto
import Database
import Foundation
import Glibc
import Nostr
import Support
import Testing

/// The Monitor publishes as it is run, and is killed at it: one event for each check that is told, none lost.
@Suite(.serialized, .timeLimit(.minutes(10))) struct MonitorPublishingTests {
    private static let key = ["NOSTR_PRIVATE_KEY": String(repeating: "7", count: 64)]
    private static let author = (try? NIP19Keys.secretKey(String(repeating: "7", count: 64)))?.publicKey.hex ?? ""

    /// Every check is told; only what is killed ends a visit early.
    private static func own(_ relays: [String], timeout: Double) -> String {
        """
        publishing:
          enabled: true
          relays: [\(relays.joined(separator: ", "))]
          period: 1
          timeout: \(timeout)
          retry_wait: 0.2
        checks:
          period: 3600
          light_period: 3600
          timeout: 15
          concurrency: 10
          nip11_timeout: 0.2
        interval: 0.2
        cycle_limit: 2
        """
    }

    private struct Sent: Decodable, Hashable {
        var id: String
        var kind: Int
        var created_at: Int64
        var tags: [[String]]

        /// What an event may be only once for.
        var subject: String { "\(kind) \(tags.first { $0.first == "d" }?.last ?? "") \(created_at)" }
    }

    private static func sent(to relay: FakeRelay) throws -> [Sent] {
        struct Message: Decodable {
            var event: Sent
            init(from decoder: any Decoder) throws {
                var list = try decoder.unkeyedContainer()
                _ = try list.decode(String.self)
                event = try list.decode(Sent.self)
            }
        }
        return try relay.messages(named: "EVENT").map {
            try JSONDecoder().decode(Message.self, from: Data($0.utf8)).event
        }
    }

    /// What waits is free at once, whoever held it: as if the lease were over.
    private static func release(_ fleet: Fleet) async throws {
        try await fleet.database.pool.execute(
            NamedStatement("release", "UPDATE publish_targets SET due_at = now(), owner = NULL"))
        try await fleet.database.pool.execute(NamedStatement("make_due", "UPDATE relay_checks SET due_at = now()"))
    }

    @Test func `killed between an event and its OK, it sends the same event again`() async throws {
        let target = try await FakeRelay.start()
        let checked = try await FakeRelay.start()
        target.behaviour.taking = .ignores
        try await withFleet(as: [.monitor]) { fleet in
            try await fleet.add((0..<20).map { "\(checked.url.text)/\($0)" })
            let own = Self.own([target.url.text], timeout: 60)
            for round in 1...4 {
                let process = try fleet.start(.monitor, own: own, environment: Self.key)
                await target.waitForMessages(named: "EVENT", count: round)
                process.send(signal: SIGKILL)
                _ = try await process.exit()
                try await Self.release(fleet)
            }
            target.behaviour.taking = .accepts
            let process = try fleet.start(.monitor, own: own, environment: Self.key)
            try await eventually("everything is published", found: { process.everything }) {
                let left = try await fleet.number("SELECT count(*) FROM publish_waiting")
                let queued = try await fleet.number("SELECT count(*) FROM publish_queue")
                return left == 0 && queued == 23
            }
            #expect(try await process.terminate() == 0, "\(process.everything)")
            let events = try Self.sent(to: target)
            let subjects = Dictionary(grouping: Set(events), by: \.subject)
            #expect(subjects.values.allSatisfy { $0.count == 1 }, "two events for one check")
            #expect(events.count > Set(events).count, "what had no OK came again")
            #expect(Set(events.filter { $0.kind == 30_166 }.map(\.tags.first)).count == 20, "none is lost")
            // Each event of a relay is one of its checks, and the newest that was queued has come.
            for event in Set(events) where event.kind == 30_166 {
                let url = event.tags.first { $0.first == "d" }?.last ?? ""
                let checks = "SELECT count(*) FROM relay_metadata WHERE relay_url = '\(url)'"
                #expect(try await fleet.number("\(checks) AND generated_at = \(event.created_at)") == 1)
                let queued = "SELECT count(*) FROM publish_queue WHERE identifier = '\(url)'"
                let newest = try #require(events.filter { $0.subject.contains(" \(url) ") }.map(\.created_at).max())
                #expect(try await fleet.number("\(queued) AND created_at = \(newest)") == 1)
            }
        }
        await target.stop()
        await checked.stop()
    }

    @Test func `replicas that are killed leave the newest event of each relay on real relay software`() async throws {
        let checked = try await FakeRelay.start()
        try await RealRelay.withRunning { relay in
            try await withFleet(as: [.monitor]) { fleet in
                try await fleet.add((0..<40).map { "\(checked.url.text)/\($0)" })
                let own = Self.own([relay.url], timeout: 10)
                var processes = try (0..<2).map { _ in try fleet.start(.monitor, own: own, environment: Self.key) }
                let accepted = "SELECT coalesce(sum(accepted), 0)::bigint FROM publish_targets"
                for round in 1...4 {
                    let goal = try await fleet.number(accepted) + 15
                    try await Self.release(fleet)
                    try await eventually(
                        "round \(round) publishes", found: { processes.map(\.everything).joined(separator: "\n") }
                    ) { try await fleet.number(accepted) >= goal }
                    let killed = processes.removeFirst()
                    killed.send(signal: SIGKILL)
                    _ = try await killed.exit()
                    processes.append(try fleet.start(.monitor, own: own, environment: Self.key))
                }
                try await Self.release(fleet)
                try await eventually(
                    "everything is published", found: { processes.map(\.everything).joined(separator: "\n") }
                ) {
                    // What a check found is queued when it gives its relay back.
                    let open = "SELECT count(*) FROM relay_checks WHERE owner IS NOT NULL OR due_at <= now()"
                    guard try await fleet.number(open) == 0 else { return false }
                    let left = try await fleet.number("SELECT count(*) FROM publish_waiting")
                    let queued = try await fleet.number("SELECT count(*) FROM publish_queue")
                    return left == 0 && queued == 43 && processes.allSatisfy { !$0.log("schema_ready").isEmpty }
                }
                for process in processes { #expect(try await process.terminate() == 0, "\(process.everything)") }
                let url = relay.url
                let found = try await NIP66Reader.events(
                    on: url, author: Self.author, kinds: [30_166, 10_166, 0, 10_002])
                #expect(found.count == 43 && found.allSatisfy { $0.isFoundByTags })
                for event in found {
                    let queued = "SELECT count(*) FROM publish_queue WHERE kind = \(event.kind)"
                    let same = "identifier = '\(event.identifier ?? "")' AND created_at = \(event.createdAt)"
                    #expect(try await fleet.number("\(queued) AND \(same)") == 1, "\(event)")
                }
            }
        }
        await checked.stop()
    }
}
