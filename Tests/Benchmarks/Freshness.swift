import Database
import Glibc
import Nostr
import ServiceKit
import Support
import SyncEngine
import Synchronization

/// From the moment a followed relay sends an event until it is in the table.
struct Freshness {
    /// Ascending.
    let delays: [Duration]

    static func measure(events: Int = 300) async throws -> Freshness {
        var factory = EventFactory(seed: 17, createdAt: Int64(time(nil)))
        let relay = try await FakeRelay.start(events: factory.events(500))
        let samples = factory.events(events)
        let delays = try await withTestDatabase { database in try await follow(relay, samples, database) }
        await relay.stop()
        return Freshness(delays: delays.sorted())
    }

    /// The delay below which this share of the events stayed.
    func share(_ share: Double) -> Duration {
        delays.isEmpty ? .zero : delays[min(delays.count - 1, Int(Double(delays.count) * share))]
    }

    private static func follow(
        _ relay: FakeRelay, _ samples: [SampleEvent], _ database: TestDatabase
    ) async throws -> [Duration] {
        try await LocalEngine.add([relay.url.text], to: database.brotr)
        let engine = try LocalEngine(database.brotr)
        let crew = engine.crew(SynchronizingSettings(), connections: 2)
        return try await withThrowingTaskGroup(of: [Duration].self) { group in
            group.addTask {
                try await crew.run { _ in }
                return []
            }
            group.addTask { try await publish(samples, on: relay, database) }
            while let delays = try await group.next() {
                guard !delays.isEmpty else { continue }
                engine.context.shutdown.request()
                return delays
            }
            return []
        }
    }

    /// Publishes at random distances of 20 ms on the mean, and looks for each event every 5 ms.
    private static func publish(
        _ samples: [SampleEvent], on relay: FakeRelay, _ database: TestDatabase
    ) async throws -> [Duration] {
        // The first subscription is the one that stays.
        await relay.waitForRequests(5)
        let sent = Sent()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var random = SplitMix64(seed: 5)
                for sample in samples {
                    try await ContinuousClock().sleep(for: .milliseconds(Int.random(in: 0...40, using: &random)))
                    sent.note(sample.id)
                    relay.publish(sample)
                }
            }
            var delays: [Duration] = []
            let deadline = ContinuousClock.now + .seconds(120)
            while delays.count < samples.count, ContinuousClock.now < deadline {
                try await ContinuousClock().sleep(for: .milliseconds(5))
                let waiting = sent.waiting
                let found = try await database.brotr.storedEvents(Array(waiting.keys), RelayID(1))
                let now = ContinuousClock.now
                for (id, start) in waiting where found[id] != nil { delays.append(now - start) }
                sent.forget(found.keys)
            }
            group.cancelAll()
            return delays
        }
    }
}

/// When events were sent that are not found yet.
private final class Sent: Sendable {
    private let times = Mutex<[EventID: ContinuousClock.Instant]>([:])

    var waiting: [EventID: ContinuousClock.Instant] { times.withLock { $0 } }

    func note(_ id: EventID) { times.withLock { $0[id] = .now } }

    func forget(_ ids: some Sequence<EventID>) { times.withLock { times in for id in ids { times[id] = nil } } }
}
