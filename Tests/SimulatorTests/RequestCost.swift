import Database
import Nostr
import ServiceKit
import Settings
import Support
import SyncEngine
import Synchronization

/// What it costs to read one relay whole: the first pass, and the second one that proves the first.
///
/// As shipped but for what tells the passes apart: nothing is followed, and no visit comes between the two.
struct RequestCost {
    /// REQs of one pass, and bytes of the events in their answers.
    struct Pass {
        var requests = 0
        var bytes = 0
        var visits = 0
    }

    let first: Pass
    let second: Pass
    /// Events that the relay holds, and their bytes.
    let held: (events: Int, bytes: Int)
    /// Of these, how many are not stored after the first pass and stand in no gap.
    let missing: Int
    /// What most of the seconds are after the first pass.
    let read: CoverageState?

    /// Bytes of the first pass in units of what the relay holds.
    var bytesRatio: Double { Double(first.bytes) / Double(max(held.bytes, 1)) }

    static func measure(_ vices: Vices, crowds: [Int] = [], seed: UInt64 = 1) throws -> RequestCost {
        let world = SimulatedWorld(seed: seed, trace: SimulatedTrace(isOn: false))
        let url = try RelayURL.parse("wss://relay.example.com")
        var random = SplitMix64(seed: seed ^ 0xABCD)
        var relay = SimulatedRelay(vices: vices, seed: random.next())
        let events = history(crowds, &random)
        relay.add(events, at: .zero)
        let network = SimulatedNetwork(world: world, relays: [url: relay], seed: random.next())
        let archive = SimulatedArchive(world: world, network: network, relays: [url])
        let crew = crew(world, network, archive, seed)
        let passes = Mutex<[Pass]>([])
        let afterFirst = Mutex<(missing: Int, read: CoverageState?)>((0, nil))
        let firstEnd = Mutex<Int64?>(nil)
        try world.run(mostJobs: 200_000_000) {
            for number in 0..<2 {
                passes.withLock { $0.append(Pass()) }
                let before = (requests: network.log.asked[url] ?? 0, bytes: network.log.served[url] ?? 0)
                let end = world.now + .seconds(20_000)
                repeat {
                    try? await crew.run { _ in passes.withLock { $0[number].visits += 1 } }
                    try? await world.sleep(for: .seconds(1))
                } while !isRead(archive, again: firstEnd.withLock { $0 }) && world.now < end
                passes.withLock { passes in
                    passes[number].requests = (network.log.asked[url] ?? 0) - before.requests
                    passes[number].bytes = (network.log.served[url] ?? 0) - before.bytes
                }
                guard number == 0 else { continue }
                afterFirst.withLock { $0 = look(archive, events) }
                firstEnd.withLock { $0 = archive.read { $0.rows[Self.relay]?.sealedHi?.seconds } }
            }
        }
        let (missing, read) = afterFirst.withLock { $0 }
        let all = passes.withLock { $0 }
        return RequestCost(
            first: all[0], second: all[1], held: (events.count, events.reduce(0) { $0 + $1.json.count }),
            missing: missing, read: read)
    }

    /// The first relay of the archive.
    private static let relay = RelayID(1)

    /// After the first pass no walk is under way; after the second one nothing up to its end was read but once.
    private static func isRead(_ archive: SimulatedArchive, again firstEnd: Int64?) -> Bool {
        archive.read { tables in
            guard let row = tables.rows[relay], row.sealedHi != nil, row.walkHi == nil else { return false }
            guard let firstEnd else { return true }
            return !(tables.coverage[relay] ?? [:]).values.contains { row in
                row.lo.seconds <= firstEnd && row.state == CoverageState.provisional.rawValue
            }
        }
    }

    private static func look(_ archive: SimulatedArchive, _ events: [SimulatedEvent]) -> (Int, CoverageState?) {
        archive.read { tables in
            let rows = (tables.coverage[relay] ?? [:]).values
            let linked = tables.sightings[relay] ?? [:]
            let missing = events.count { event in
                let isGap = rows.contains { row in
                    row.state == CoverageState.gap.rawValue
                        && (row.lo.seconds...row.hi.seconds).contains(event.createdAt)
                }
                return !isGap && tables.events[event.id].flatMap { linked[$0] } == nil
            }
            var states: [CoverageState: Int64] = [:]
            for row in rows {
                guard let state = CoverageState(rawValue: row.state) else { continue }
                states[state, default: 0] += row.hi.seconds - row.lo.seconds + 1
            }
            return (missing, states.max { $0.value < $1.value }?.key)
        }
    }

    private static func crew(
        _ world: SimulatedWorld, _ network: SimulatedNetwork, _ archive: SimulatedArchive, _ seed: UInt64
    ) -> SyncCrew {
        let process = SimulatedProcess(world: world, number: 0)
        let context = SyncContext(simulating: process, world, network, archive, seed: seed)
        var settings = SynchronizingSettings()
        settings.tail.enabled = false
        // The next visit finds the second pass due.
        settings.sync.revisitInterval = 4_500
        return SyncCrew(context, settings: settings, lane: 0, slots: [.clearnet: 1])
    }

    /// 20,000 events of two years with quiet and busy times, and as many more in crowded seconds among them.
    private static func history(_ crowds: [Int], _ random: inout SplitMix64) -> [SimulatedEvent] {
        var second = SimulatedWorld.epoch - 86_400
        var events: [SimulatedEvent] = []
        func add(_ random: inout SplitMix64) {
            events.append(
                SimulatedEvent(
                    createdAt: second, kind: [0, 1, 1, 1, 3, 6, 7, 30_023][Int.random(in: 0..<8, using: &random)],
                    author: UInt8.random(in: 0..<40, using: &random), serial: events.count))
        }
        var left = crowds
        for number in 1...20_000 {
            second -= Int64.random(in: 1...(Bool.random(using: &random) ? 600 : 6_000), using: &random)
            add(&random)
            if number % 3_000 == 0, let crowd = left.popLast() { for _ in 0..<crowd { add(&random) } }
        }
        return events
    }
}
