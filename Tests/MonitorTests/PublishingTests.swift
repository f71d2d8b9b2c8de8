import Crypto
import Database
import Foundation
import Nostr
import ServiceKit
import Settings
import Support
import Testing

@testable import Monitor

/// Checks that are published: on a real database, to real relay software and to relays that do something wrong.
@Suite(.timeLimit(.minutes(10))) struct PublishingTests {
    private static let key = String(repeating: "7", count: 64)
    private static let author = (try? NIP19Keys.secretKey(key))?.publicKey.hex ?? ""

    private static let waiting = """
        SELECT concat_ws(' ', (SELECT count(*) FROM publish_waiting), t.accepted, t.refused, t.fails,
                         coalesce(t.last_error, '-'), t.owner IS NULL)
          FROM publish_targets t ORDER BY t.url
        """

    private func publishing(
        _ bench: MonitorBench, to relays: [String], shutdown: ShutdownSignal = ShutdownSignal(),
        _ change: @escaping (inout MonitorConfig) -> Void = { _ in }
    ) -> MonitorService {
        bench.monitor(shutdown: shutdown, key: Self.key) {
            ($0.publishing.enabled, $0.publishing.relays, $0.publishing.timeout) = (true, relays, 30)
            ($0.publishing.name, $0.publishing.relayList) = ("", false)
            change(&$0)
        }
    }

    /// The events that a fake relay was sent, in their order: kind, identifier, time, id.
    private func sent(to relay: FakeRelay) throws -> [(kind: Int, identifier: String, createdAt: Int64, id: String)] {
        try relay.messages(named: "EVENT").map { text in
            let parts = try #require(JSONValue(json: Array(text.utf8))?.elements.last)
            let tags = parts["tags"]?.elements.map { $0.elements.compactMap(\.text) } ?? []
            func number(_ name: String) -> Int64 {
                if case .number(let number) = parts[name] { number.integer ?? -1 } else { -1 }
            }
            return (
                Int(number("kind")), tags.first { $0.first == "d" }?.last ?? "", number("created_at"),
                parts["id"]?.text ?? ""
            )
        }
    }

    @Test func `another implementation reads what is published from real relay software`() async throws {
        let checked = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await RealRelay.withRunning { relay in
                try await bench.insert([checked.url.text, "ws://127.0.0.1:9"])
                let monitor = publishing(bench, to: [relay.url]) {
                    ($0.publishing.name, $0.publishing.relayList) = ("M", true)
                }
                _ = try await monitor.run()
                let outcome = try await bench.cycle(monitor)
                #expect(outcome.success, "\(outcome)")
                #expect(try await bench.text(Self.waiting) == "0 4 0 0 - t")
                let url = relay.url
                let found = try await NIP66Reader.events(
                    on: url, author: Self.author, kinds: [30_166, 10_166, 0, 10_002])
                #expect(found.map(\.kind).sorted() == [0, 10_002, 10_166, 30_166])
                #expect(found.allSatisfy { $0.isFoundByTags })
                let discovery = try #require(found.first { $0.kind == 30_166 })
                #expect(discovery.identifier == checked.url.text + "/")
                #expect(discovery.tags.contains { $0.first == "rtt-open" && Int($0[1]) != nil })
                #expect(discovery.tags.contains(["R", "!auth"]))
                let check = "SELECT (generated_at = \(discovery.createdAt))::text FROM relay_metadata"
                #expect(try await bench.texts("\(check) WHERE nip66_error IS NULL ORDER BY generated_at")[0] == "true")
            }
        }
        await checked.stop()
    }

    @Test func `what has not changed is not repeated before its time, and a change is told at once`() async throws {
        let target = try await FakeRelay.start()
        let checked = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert([checked.url.text])
            let monitor = publishing(bench, to: [target.url.text])
            for _ in 0..<3 { #expect(try await bench.cycle(monitor).success) }
            #expect(try sent(to: target).map(\.kind).sorted() == [10_166, 30_166])
            checked.behaviour.answer = .closed("auth-required: who")
            let outcome = try await bench.cycle(monitor)
            #expect(outcome.metrics["events_published"] == 1)
            checked.behaviour.answer = .silent
            let events = try sent(to: target).filter { $0.kind == 30_166 }
            #expect(events.count == 2 && events[0].createdAt < events[1].createdAt)
            let eager = publishing(bench, to: [target.url.text]) { $0.publishing.period = 1 }
            checked.behaviour.answer = .normal
            for _ in 0..<2 { _ = try await bench.cycle(eager) }
            #expect(try sent(to: target).count { $0.kind == 30_166 } == 4)
        }
        await target.stop()
        await checked.stop()
    }

    @Test func `a relay that asks who we are is told`() async throws {
        var behaviour = FakeRelayBehaviour()
        (behaviour.requiresAuth, behaviour.challenge) = (true, "abc")
        let target = try await FakeRelay.start(behaviour: behaviour)
        try await withMonitorBench { bench in
            let monitor = publishing(bench, to: [target.url.text])
            _ = try await monitor.run()
            #expect(try await bench.text(Self.waiting) == "0 1 0 0 - t")
            let answer = try #require(target.messages(named: "AUTH").first)
            #expect(answer.contains(Self.author) && answer.contains("abc"))
        }
        await target.stop()
    }

    @Test(arguments: [
        // What the relay does, what stands of it afterwards: waiting, accepted, refused, fails, error, free.
        (FakeRelayBehaviour.Taking.refuses("blocked: not you"), "2 0 0 1 refused_blocked t"),
        (.refuses("pow: 20 bits needed"), "2 0 0 1 refused_pow t"),
        (.refuses("auth-required: sign"), "2 0 0 1 auth_required t"),
        (.refuses("rate-limited: slow"), "2 0 0 1 rate_limited t"),
        (.refuses("error: broken"), "2 0 0 1 error t"),
        (.refusesKinds([30_166], "invalid: kind"), "0 1 1 1 refused_invalid t"),
        (.refusesKinds([10_166], "blocked: kind"), "0 1 1 0 - t"),
        (.ignores, "2 0 0 1 unanswered t"), (.answersAnother, "2 0 0 1 unanswered t"),
        (.notices(1000), "2 0 0 1 notice_flood t"),
    ])
    func `a relay that does something wrong is remembered, and nothing is lost`(
        taking: FakeRelayBehaviour.Taking, stands: String
    ) async throws {
        let target = try await FakeRelay.start()
        target.behaviour.taking = taking
        let checked = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert([checked.url.text])
            // Both are there before anything is published.
            let lease = "UPDATE publish_targets SET due_at = now() + interval '1 h' RETURNING url"
            let monitor = publishing(bench, to: [target.url.text]) { $0.publishing.timeout = 0.5 }
            _ = try await bench.texts("INSERT INTO publish_targets (url) VALUES ('\(target.url.text)') RETURNING url")
            _ = try await bench.texts(lease)
            _ = try await monitor.run()
            #expect(target.connectionCount == 0)
            _ = try await bench.texts("UPDATE publish_targets SET due_at = now() RETURNING url")
            let outcome = try await monitor.run()
            #expect(outcome.success, "a relay's fault is none of ours: \(outcome)")
            #expect(try await bench.text(Self.waiting) == stands)
            // It relents: what waited comes, once each, the same events.
            target.behaviour.taking = .accepts
            _ = try await bench.texts("UPDATE publish_targets SET due_at = now() RETURNING url")
            _ = try await monitor.run()
            #expect(try await bench.text("SELECT count(*)::text FROM publish_waiting") == "0")
            let ids = Dictionary(grouping: try sent(to: target), by: { "\($0.kind) \($0.identifier) \($0.createdAt)" })
            #expect(ids.count == 2 && ids.values.allSatisfy { Set($0.map(\.id)).count == 1 })
        }
        await target.stop()
        await checked.stop()
    }

    @Test func `a relay that is not there keeps nobody waiting, and gets its events when it is back`() async throws {
        let port = try FreePort.find()
        let checked = try await FakeRelay.start()
        let good = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert([checked.url.text])
            let monitor = publishing(bench, to: ["ws://127.0.0.1:\(port)", good.url.text])
            _ = try await monitor.run()
            #expect(try sent(to: good).count == 2)
            #expect(try await bench.texts(Self.waiting).contains("2 0 0 1 connection_refused t"))
            try await RealRelay.withRunning(port: port) { relay in
                _ = try await bench.texts("UPDATE publish_targets SET due_at = now() RETURNING url")
                let outcome = try await monitor.run()
                #expect(outcome.metrics["events_published"] == 2)
                let url = relay.url
                let found = try await NIP66Reader.events(on: url, author: Self.author, kinds: [30_166, 10_166])
                #expect(try Set(found.map(\.id)) == Set(sent(to: good).map(\.id)))
            }
        }
        await checked.stop()
        await good.stop()
    }

    @Test func `work that a relay asks for is in later events, the same for everybody`() async throws {
        let wants = try await FakeRelay.start()
        wants.behaviour.taking = .needsWork(bits: 9)
        let other = try await FakeRelay.start()
        let checked = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert([checked.url.text])
            let monitor = publishing(bench, to: [wants.url.text, other.url.text]) { $0.publishing.maxPow = 10 }
            _ = try await bench.cycle(monitor)
            _ = try await bench.cycle(monitor)
            let both = try (sent(to: wants) + sent(to: other)).filter { $0.kind == 30_166 }
            let ids = Dictionary(grouping: both, by: \.createdAt).mapValues { Set($0.map(\.id)) }
            #expect(ids.values.allSatisfy { $0.count == 1 }, "one event for one check")
            let newest = try #require(ids.keys.max().flatMap { ids[$0]?.first })
            let id = try #require(Bytes32(hex: newest))
            #expect(NIP13ProofOfWork.bits(of: id) >= 9)
            #expect(try sent(to: wants).contains { $0.id == newest })
            #expect(try await bench.text("SELECT count(*)::text FROM publish_waiting") == "0")
        }
        for relay in [wants, other, checked] { await relay.stop() }
    }

    @Test func `two replicas publish each event once`() async throws {
        let target = try await FakeRelay.start()
        let checked = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert((0..<60).map { "\(checked.url.text)/\($0)" })
            let monitors = (0..<2).map { _ in
                publishing(bench, to: [target.url.text]) { ($0.checks.concurrency, $0.interval) = (5, 0.1) }
            }
            let outcomes = try await withThrowingTaskGroup(of: Outcome.self) { group in
                for monitor in monitors { group.addTask { try await monitor.run() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.allSatisfy { $0.success })
            // Whoever came last found the other at it.
            try await eventually("all are published") {
                _ = try await monitors[0].run()
                return try await bench.text("SELECT count(*)::text FROM publish_waiting") == "0"
            }
            let all = try sent(to: target)
            #expect(all.count == 61 && Set(all.map(\.id)).count == 61 && target.mostConnections <= 1)
            #expect(await monitors[0].state.publishing.map(\.waiting) == [0])
        }
        await target.stop()
        await checked.stop()
    }

    @Test func `the end of the service is not kept waiting by a relay that says nothing`() async throws {
        let target = try await FakeRelay.start()
        target.behaviour.taking = .ignores
        try await withMonitorBench { bench in
            let shutdown = ShutdownSignal()
            let monitor = publishing(bench, to: [target.url.text], shutdown: shutdown) { $0.publishing.timeout = 600 }
            async let ending = monitor.run()
            await target.waitForMessages(named: "EVENT")
            shutdown.request()
            _ = try await ending
            #expect(try await bench.text(Self.waiting) == "1 0 0 0 - t")
        }
        await target.stop()
    }

    @Test func `without publishing nothing is queued`() async throws {
        let checked = try await FakeRelay.start()
        try await withMonitorBench { bench in
            try await bench.insert([checked.url.text])
            _ = try await bench.monitor().run()
            #expect(try await bench.text("SELECT count(*)::text FROM publish_queue") == "0")
        }
        await checked.stop()
    }
}
