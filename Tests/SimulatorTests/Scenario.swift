import Database
import Logging
import Nostr
import ServiceKit
import Settings
import Support
import SyncEngine
import Synchronization

/// One run: relays with vices, replicas that are killed and frozen, a database that goes away; all from one seed.
struct Scenario {
    static let leaseTTL = Duration.seconds(20)
    /// From the arrival of an event at a followed relay until it is stored: some calls of the database, one behind
    /// the other, and the time between two commits.
    static let freshness = Duration.seconds(4)

    /// What a run came to.
    struct Result {
        var failures: [String]
        var relays: [RelayResult]
        var commits: Int
        var refused: Int
        var requests: Int
        /// Events that came to a followed relay and were looked for.
        var looked: Int
    }

    /// What became of one relay.
    struct RelayResult {
        let vices: Vices
        /// Events it held since a third of the run that are not stored and stand in no gap.
        let missing: Int
        /// Events it held all the time that are not stored although the coverage says that they are.
        let lost: Int
        /// It hides at random, and a seal covered what it hid.
        let isFooled: Bool
        let requests: Int
        let held: Int
        /// Seconds by state, of those that were read.
        let states: [CoverageState: Int]
        /// How the seals came about.
        let proofs: Set<CoverageProof>
        let visits: Int
        /// Kinds of its events that are stored.
        let kinds: Set<UInt16>
        /// Events it still holds whose sightings were ended.
        let wronglyGone: Int

        /// What most of the seconds are.
        var read: CoverageState? { states.max { $0.value < $1.value }?.key }
    }

    let seed: UInt64
    private let world: SimulatedWorld
    private let network: SimulatedNetwork
    private let archive: SimulatedArchive
    private let urls: [RelayURL]
    private let plan: Plan

    /// How much goes wrong.
    struct Plan: Sendable {
        var replicas = 1
        var kills = 0
        var freezes = 0
        var outages = 0
        /// Length of the run.
        var length = Duration.seconds(4 * 3_600)
        /// Backdated events that appear on each relay half way.
        var late = 0
        /// Events that come to each relay in the course of the run.
        var arrivals = 0
        var lane = SyncLane.ordinary
        /// Whether relays are followed.
        var follows = true
        /// Connections of each replica.
        var slots = 8
        /// Share of each relay's events that is deleted half way.
        var deleted = 0.0
        /// When each process is ended and started again.
        var restartAt: Duration?
        /// Kinds that are archived, before and after that; empty for all.
        var kinds: (before: [UInt16], after: [UInt16]) = ([], [])
    }

    init(
        seed: UInt64, relays: [Vices], events: Int, plan: Plan, trace: SimulatedTrace = SimulatedTrace(isOn: false)
    ) {
        self.seed = seed
        self.plan = plan
        world = SimulatedWorld(seed: seed, trace: trace)
        var random = SplitMix64(seed: seed ^ 0xABCD)
        var made: [RelayURL: SimulatedRelay] = [:]
        var urls: [RelayURL] = []
        for (number, vices) in relays.enumerated() {
            guard let url = try? RelayURL.parse("wss://relay\(number).example.com") else { continue }
            var relay = SimulatedRelay(vices: vices, seed: random.next())
            relay.add(Self.history(events, offset: number * 1_000_000, &random), at: .zero)
            made[url] = relay
            urls.append(url)
        }
        self.urls = urls
        network = SimulatedNetwork(world: world, relays: made, seed: random.next())
        archive = SimulatedArchive(world: world, network: network, relays: urls)
    }

    /// Whatever the seed makes of it.
    init(random seed: UInt64, trace: SimulatedTrace = SimulatedTrace(isOn: false)) {
        var random = SplitMix64(seed: seed)
        var plan = Plan(length: .seconds(5_400))
        plan.replicas = Int.random(in: 1...3, using: &random)
        plan.kills = Int.random(in: 0...4, using: &random)
        plan.freezes = Int.random(in: 0...3, using: &random)
        plan.outages = Int.random(in: 0...4, using: &random)
        plan.late = Int.random(in: 0...20, using: &random)
        plan.deleted = Bool.random(using: &random) ? 0 : 0.02
        // Of a generator of their own, so that the worlds of a seed stay what they were.
        var other = SplitMix64(seed: seed ^ 0x7A11)
        plan.arrivals = Int.random(in: 0...40, using: &other)
        plan.lane = Bool.random(using: &other) ? .ordinary : .priority
        plan.follows = Int.random(in: 0..<4, using: &other) > 0
        let relays = (0..<Int.random(in: 1...3, using: &random)).map { _ in Vices.random(most: 2, &random) }
        self.init(
            seed: seed, relays: relays, events: Int.random(in: 0...600, using: &random), plan: plan, trace: trace)
    }

    /// Some weeks of events with quiet times and crowded seconds.
    private static func history(_ count: Int, offset: Int, _ random: inout SplitMix64) -> [SimulatedEvent] {
        var second = SimulatedWorld.epoch - 3_600
        var events: [SimulatedEvent] = []
        while events.count < count {
            second -= Int64.random(in: 1...(Bool.random(using: &random) ? 120 : 6_000), using: &random)
            let crowd = Int.random(in: 0..<40, using: &random) == 0 ? Int.random(in: 2...90, using: &random) : 1
            for _ in 0..<crowd {
                events.append(
                    SimulatedEvent(
                        createdAt: second, kind: [0, 1, 1, 1, 3, 6, 7, 30_023][Int.random(in: 0..<8, using: &random)],
                        author: UInt8.random(in: 0..<12, using: &random), serial: offset + events.count,
                        isValid: Int.random(in: 0..<200, using: &random) != 0))
            }
        }
        return events
    }

    func run() throws -> Result {
        let scenario = self
        try world.run { await scenario.live() }
        return result
    }

    private func live() async {
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<plan.replicas { group.addTask { await keepReplica(UInt64(number)) } }
            group.addTask { await disturb() }
            group.addTask { await outages() }
            for number in urls.indices { group.addTask { await arrivals(number) } }
            await group.waitForAll()
        }
    }

    /// A replica, started again whenever it was killed.
    private func keepReplica(_ number: UInt64) async {
        var random = SplitMix64(seed: seed &+ number &* 977)
        let kills = (0..<plan.kills).map { _ in
            Duration.seconds(Int64.random(in: 1...(Bool.random(using: &random) ? 60 : 3_000), using: &random))
        }
        let freezes = (0..<plan.freezes).map { _ in
            Duration.seconds(Int64.random(in: 1...(Bool.random(using: &random) ? 60 : 3_000), using: &random))
        }
        var ends = (kills + [plan.length] + (plan.restartAt.map { [$0] } ?? [])).sorted()
        var life: UInt64 = 0
        while !ends.isEmpty, world.now < plan.length {
            let end = ends.removeFirst()
            guard end > world.now else { continue }
            let kinds = archivedKinds
            for url in urls { network.change(url) { $0.archivedKinds = kinds.isEmpty ? nil : Set(kinds) } }
            let process = SimulatedProcess(world: world, number: number * 1_000 + life)
            life += 1
            await live(process, until: end, kinds: kinds, freezes: freezes.filter { $0 > world.now && $0 < end })
            try? await world.sleep(for: .seconds(Int64.random(in: 1...30, using: &random)))
        }
    }

    private var archivedKinds: [UInt16] {
        plan.restartAt.map { world.now < $0 } ?? true ? plan.kinds.before : plan.kinds.after
    }

    private func live(
        _ process: SimulatedProcess, until end: Duration, kinds: [UInt16], freezes: [Duration]
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await synchronize(process, kinds) }
            group.addTask {
                for freeze in freezes.sorted() {
                    guard (try? await world.sleep(until: freeze)) != nil else { return }
                    process.freeze(until: freeze + Self.leaseTTL * 2)
                }
            }
            try? await world.sleep(until: end)
            process.kill()
            group.cancelAll()
            await group.waitForAll()
        }
    }

    private func synchronize(_ process: SimulatedProcess, _ kinds: [UInt16]) async {
        var settings = self.settings
        settings.filter.kinds = kinds.map(Int.init)
        let random = Mutex(SplitMix64(seed: seed ^ 0x77))
        let context = SyncContext(
            store: SimulatedStore(archive: archive, process: process),
            transport: SimulatedTransport(network: network, process: process), clock: world.clock,
            randomness: { random.withLock { Double.random(in: 0..<1, using: &$0) } }, shutdown: ShutdownSignal(),
            replica: process.id, logger: Logger(label: "simulator") { _ in SwiftLogNoOpLogHandler() },
            isAuthentic: SimulatedEvent.isAuthentic, executor: world)
        let crew = SyncCrew(context, settings: settings, lane: plan.lane.rawValue, slots: [.clearnet: plan.slots])
        while !Task.isCancelled {
            // A cycle that the database ended is tried again; whatever went wrong shows in the tables.
            try? await crew.run { _ in }
            guard (try? await process.wait(.seconds(15))) != nil else { return }
        }
    }

    private var settings: SynchronizingSettings {
        var settings = SynchronizingSettings()
        settings.tail.enabled = plan.follows
        settings.lease.ttl = 20
        settings.lease.heartbeat = 5
        settings.sync.pageSize = 100
        settings.sync.overlap = 60
        settings.sync.revisitInterval = 120
        settings.sync.progressTimeout = 5
        settings.sync.pageTimeout = 20
        settings.budget.retryDelay = 5
        settings.budget.retryCeiling = 30
        // Relays that refuse at random do so at any rate; runs are short.
        settings.rate.floor = 5
        settings.proof.secondPass = 600
        settings.rescan.schedule = [900, 1_800, 3_600]
        return settings
    }

    /// Half way, events appear that say they are old, and others go.
    private func disturb() async {
        try? await world.sleep(until: plan.length / 3)
        var random = SplitMix64(seed: seed ^ 0x5151)
        for (number, url) in urls.enumerated() {
            let late = Self.history(max(plan.late, 1), offset: 500_000 + number * 1_000_000, &random)
            network.publish(Array(late.prefix(plan.late)), to: url)
            network.change(url) { $0.remove(share: plan.deleted, at: world.now) }
        }
    }

    /// Events come to a relay, most of them made just now.
    private func arrivals(_ number: Int) async {
        // What a relay does not show in order it shows late: that is what passes over history are for.
        guard network.relay(urls[number])?.vices.isHonest == true else { return }
        var random = SplitMix64(seed: seed ^ 0xA11A ^ UInt64(number))
        let times = (0..<plan.arrivals).map { _ in
            Duration.milliseconds(Int64.random(in: 0..<(plan.length.components.seconds * 1_000), using: &random))
        }
        await withTaskGroup(of: Void.self) { group in
            for (place, time) in times.sorted().enumerated() {
                try? await world.sleep(until: time)
                let isLate = Int.random(in: 0..<6, using: &random) == 0
                let age = Int64.random(in: 0...(isLate ? 500_000 : 10), using: &random)
                let event = SimulatedEvent(
                    createdAt: world.seconds - age, kind: 1, author: UInt8(number),
                    serial: 700_000 + place + number * 1_000_000)
                if isLate { network.note { $0.backdated.insert(event.id) } }
                group.addTask { await expectSoon(event, on: RelayID(Int32(number + 1)), urls[number]) }
            }
        }
    }

    /// Freshness: what comes to a relay that is followed is stored at once, unless something goes wrong meanwhile.
    private func expectSoon(_ event: SimulatedEvent, on relay: RelayID, _ url: RelayURL) async {
        let (cameAt, feeds) = (world.now, network.liveFeeds(url))
        network.publish([event], to: url)
        try? await world.sleep(for: Self.freshness)
        let isUndisturbed = archive.read { $0.downUntil < cameAt - Self.freshness }
        let isFollowed = feeds.contains { $0.isLive && !$0.process.isDead && $0.process.frozenUntil < cameAt }
        guard isUndisturbed, isFollowed else { return }
        network.note { $0.looked += 1 }
        let isStored = archive.read { tables in
            tables.events[event.id].flatMap { tables.sightings[relay]?[$0] } != nil
        }
        if !isStored { network.note { $0.failures.append("freshness: \(url) brought \(event.id) at \(cameAt)") } }
    }

    private func outages() async {
        var random = SplitMix64(seed: seed ^ 0x9999)
        for _ in 0..<plan.outages {
            try? await world.sleep(for: .seconds(Int64.random(in: 10...1_500, using: &random)))
            archive.stop(for: .seconds(Int64.random(in: 1...40, using: &random)))
        }
    }

    private var result: Result {
        let log = network.log
        return archive.read { tables in
            Result(
                failures: tables.failures + log.failures + tables.rows.keys.sorted().flatMap { remains($0, tables) },
                relays: tables.rows.sorted { $0.key < $1.key }.map { summary($0.key, $0.value, tables) },
                commits: tables.commits, refused: tables.refused, requests: log.requests, looked: log.looked)
        }
    }

    /// What does not hold of the sightings of one relay at the end: the day sums are theirs, and nothing that an honest
    /// relay still holds is said to be gone.
    private func remains(_ relay: RelayID, _ tables: SimulatedArchive.Tables) -> [String] {
        let sightings = (tables.sightings[relay] ?? [:]).values
        var sums: [Int32: DaySum] = [:]
        for sighting in sightings where !sighting.isGone {
            sums[DaySum.day(of: UnixTime(seconds: sighting.createdAt)), default: DaySum()].add(sighting.id)
        }
        var failures = (tables.days[relay] ?? [:]).sorted { $0.key < $1.key }.compactMap { day, sum in
            sum == sums[day] ?? DaySum() ? nil : "day \(day) of relay \(relay) has another sum than its sightings"
        }
        guard let row = tables.rows[relay], let held = network.relay(row.url), held.vices.isHonest else {
            return failures
        }
        let gone = Set(sightings.filter(\.isGone).map(\.id))
        let wrong = held.owed(from: .zero, to: world.now).count { gone.contains($0.id) }
        if wrong > 0 { failures.append("\(wrong) events are said to be gone from \(row.url), which holds them") }
        return failures
    }

    private func summary(
        _ relay: RelayID, _ row: SimulatedArchive.Row, _ tables: SimulatedArchive.Tables
    ) -> RelayResult {
        let rows = (tables.coverage[relay] ?? [:]).values
        let linked = tables.sightings[relay] ?? [:]
        let owed = network.relay(row.url)?.owed(from: plan.length / 3, to: world.now) ?? []
        let backdated = network.log.backdated
        let missing = owed.filter { event in
            tables.events[event.id].flatMap { linked[$0] } == nil && event.state(in: rows) != .gap
                && !backdated.contains(event.id)
        }
        let old = network.relay(row.url)?.owed(from: .zero, to: world.now) ?? []
        let lost = old.filter { event in
            tables.events[event.id].flatMap { linked[$0] } == nil
                && [.sealed, .settled].contains(event.state(in: rows))
        }
        var states: [CoverageState: Int] = [:]
        for row in rows {
            guard let state = CoverageState(rawValue: row.state) else { continue }
            states[state, default: 0] += Int(row.hi.seconds - row.lo.seconds) + 1
        }
        return RelayResult(
            vices: network.relay(row.url)?.vices ?? Vices(), missing: missing.count, lost: lost.count,
            isFooled: tables.fooled.contains(relay),
            requests: network.log.asked[row.url] ?? 0, held: owed.count, states: states,
            proofs: Set(rows.compactMap { $0.proof.flatMap(CoverageProof.init) }),
            visits: row.visits, kinds: Set(linked.keys.compactMap { tables.stamps[$0]?.kind }),
            wronglyGone: wronglyGone(row.url, linked, tables))
    }

    private func wronglyGone(
        _ url: RelayURL, _ linked: [Int64: SimulatedArchive.Sighting], _ tables: SimulatedArchive.Tables
    ) -> Int {
        (network.relay(url)?.held ?? []).count { entry in
            entry.until == nil && tables.events[entry.event.id].flatMap { linked[$0] }?.isGone == true
        }
    }
}

extension SimulatedEvent {
    /// What the coverage says of its second.
    fileprivate func state(in rows: some Sequence<CoverageRow>) -> CoverageState? {
        rows.first { ($0.lo.seconds...$0.hi.seconds).contains(createdAt) }.flatMap { CoverageState(rawValue: $0.state) }
    }
}
