import Database
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
    /// From one look for relays that are due to the next, where none was visited meanwhile.
    static let poll = Duration.seconds(15)

    let seed: UInt64
    let world: SimulatedWorld
    let network: SimulatedNetwork
    let archive: SimulatedArchive
    let urls: [RelayURL]
    let plan: Plan

    init(
        seed: UInt64, relays: [Vices], events: Int, plan: Plan, trace: SimulatedTrace = SimulatedTrace(isOn: false)
    ) {
        self.seed = seed
        self.plan = plan
        world = SimulatedWorld(seed: seed, trace: trace)
        var random = SplitMix64(seed: seed ^ 0xABCD)
        var made: [RelayURL: SimulatedRelay] = [:]
        var urls: [RelayURL] = []
        let common = SimulatedHistory(holdings: .init(), offset: 600_000)
            .events(plan.common?.events ?? events / 4, &random)
        for (number, vices) in relays.enumerated() {
            guard let url = try? RelayURL.parse("wss://relay\(number).example.com") else { continue }
            var relay = SimulatedRelay(vices: vices, seed: random.next())
            let history = SimulatedHistory(holdings: vices.holdings, offset: number * 1_000_000)
            relay.add(history.events(events, &random), at: .zero)
            // What was published on several relays.
            let share = plan.common?.share
            relay.add(
                common.filter { _ in
                    share.map { Double.random(in: 0..<1, using: &random) < $0 } ?? Bool.random(using: &random)
                }, at: .zero)
            relay.address = plan.connectionsPerAddress.map { _ in "192.0.2.1" }
            made[url] = relay
            urls.append(url)
        }
        self.urls = urls
        var limits = VisitLimits()
        limits.connectionsPerAddress = plan.connectionsPerAddress ?? limits.connectionsPerAddress
        limits.bytes = plan.visitBytes ?? limits.bytes
        network = SimulatedNetwork(world: world, relays: made, seed: random.next(), limits: limits)
        archive = SimulatedArchive(world: world, network: network, relays: urls)
        archive.failClaims(from: plan.claimsFailFrom)
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
        if Int.random(in: 0..<4, using: &other) == 0 {
            plan.connectionsPerAddress = Int.random(in: 1...2, using: &other)
        }
        // Likewise: relays that have much of the same, so that some of them are read by sets.
        var third = SplitMix64(seed: seed ^ 0x5E75)
        if Int.random(in: 0..<3, using: &third) == 0 {
            plan.common = (Int.random(in: 300...900, using: &third), Double.random(in: 0.5...1, using: &third))
        }
        // Likewise: visits that use up their share.
        if Int.random(in: 0..<4, using: &third) == 0 { plan.visitBytes = Int.random(in: 16...64, using: &third) << 10 }
        var relays = (0..<Int.random(in: 1...3, using: &random)).map { _ in Vices.random(most: 2, &random) }
        // Likewise: events that the database refuses.
        if Int.random(in: 0..<4, using: &third) == 0 { relays[0].holdings.poison = 0.02 }
        self.init(
            seed: seed, relays: relays, events: Int.random(in: 0...600, using: &random), plan: plan, trace: trace)
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
        var ends = (kills + [plan.length] + [plan.restartAt, plan.massacreAt].compactMap { $0 }).sorted()
        var life: UInt64 = 0
        while !ends.isEmpty, world.now < plan.length {
            let end = ends.removeFirst()
            guard end > world.now else { continue }
            let kinds = archivedKinds
            for url in urls { network.change(url) { $0.archivedKinds = kinds.isEmpty ? nil : Set(kinds) } }
            let process = SimulatedProcess(world: world, number: number * 1_000 + life)
            life += 1
            await live(process, until: end, kinds: kinds, freezes: freezes.filter { $0 > world.now && $0 < end })
            // All at once, and all back at once.
            if end == plan.massacreAt { continue }
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
        var context = SyncContext(simulating: process, world, network, archive, seed: seed)
        context.mostCompared = plan.mostCompared
        let crew = SyncCrew(context, settings: settings, lane: plan.lane.rawValue, slots: [.clearnet: plan.slots])
        while !Task.isCancelled {
            // A cycle that the database ended is tried again; whatever went wrong shows in the tables.
            try? await crew.run { report in archive.check(report, by: process.id) }
            guard (try? await process.wait(Self.poll)) != nil else { return }
        }
    }

    private var settings: SynchronizingSettings {
        var settings = SynchronizingSettings()
        settings.tail.enabled = plan.follows
        settings.lease.ttl = 20
        settings.lease.heartbeat = 5
        settings.sync.pageSize = 100
        settings.sync.batchRows = plan.batchRows ?? settings.sync.batchRows
        settings.sync.overlap = Seconds(floatLiteral: Double(CommitCheck.overlap))
        settings.sync.revisitInterval = 120
        settings.sync.progressTimeout = 5
        settings.sync.pageTimeout = 20
        settings.budget.retryDelay = 5
        settings.budget.retryCeiling = 30
        // Relays that refuse at random do so at any rate; runs are short.
        settings.rate.floor = 5
        settings.rate.connectionsPerAddress = network.limits.connectionsPerAddress
        settings.sync.pageBytes = .kibibytes(network.limits.pageBytes >> 10)
        settings.budget.bytes = .kibibytes(network.limits.bytes >> 10)
        settings.proof.secondPass = Seconds(floatLiteral: Double(plan.secondPass))
        settings.rescan.schedule = [900, 1_800, 3_600]
        return settings
    }

    /// Half way, events appear that say they are old, and others go.
    private func disturb() async {
        try? await world.sleep(until: plan.length / 3)
        var random = SplitMix64(seed: seed ^ 0x5151)
        for (number, url) in urls.enumerated() {
            let history = SimulatedHistory(holdings: .init(), offset: 500_000 + number * 1_000_000)
            let late = history.events(max(plan.late, 1), &random)
            network.publish(Array(late.prefix(plan.late)), to: url)
            if plan.lateOversized { network.publish(history.oversized(1, after: late.last?.createdAt ?? 0), to: url) }
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

}
