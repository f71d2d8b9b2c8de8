import Database
import Logging
import Net
import Nostr
import RelayClient
import ServiceKit
import Settings
import Telemetry

/// Claims relays that are due and checks them, as many at a time as each network allows, until nothing is due.
///
/// One cycle of the Monitor. Any number of crews may work on the same relays: a claim takes only rows whose time has
/// come, and the fence of a lost lease refuses whatever its former holder still sends. A check has a deadline shorter
/// than its lease, so leases are not renewed.
struct MonitorCrew: Sendable {
    private enum Happening: Sendable {
        /// With the address it connected to.
        case checked(CheckLease, ResolvedAddress?)
        case refilled
        case sometimePassed
        case cycleOver
        case stopping
    }

    let context: ServiceContext
    let store: MonitorStore
    let check: RelayCheck
    let config: MonitorConfig
    let tally: MonitorTally
    /// Relays that are passed over.
    var exclusions = RelayExclusions([])
    /// What is published of checks; nil: nothing.
    var publication: PublicationRules?
    /// What is known of hosts, from one cycle to the next.
    var hosts: HostMemory

    /// From one look for checks that last to the next.
    private static let lookAround = Duration.milliseconds(250)
    /// How long a relay is left alone that asked for it: then the settings are looked at again.
    private static let exclusionPause = Duration.seconds(43_200)
    /// Claims of one queue without a pause, where relays are given back that stand before others.
    private static let mostRounds = 20
    /// What a lease is longer than a check: for storing what was found.
    private static let storingTime = Duration.seconds(60)

    /// Works until nothing is due and no check runs, the cycle's time is over, or the service stops.
    /// - Throws: `DatabaseError` when claiming fails; one that fails to store a check is counted.
    func run() async throws {
        let most = mostChecks
        var slots = CheckSlots(most, waiting: mostWaiting, hosts: hosts.turns)
        var pace = StartPace(most: most.values.reduce(0, +))
        var failure: (any Error)?
        await withTaskGroup(of: Happening.self) { group in
            defer { group.cancelAll() }
            group.addTask { await pause(config.cycleLimit.duration, then: .cycleOver) }
            group.addTask { await pause(config.interval.duration, then: .refilled) }
            group.addTask { await pause(Self.lookAround, then: .sometimePassed) }
            group.addTask {
                await context.shutdown.wait()
                return .stopping
            }
            failure = await claim(&slots, &pace, &group)
            while slots.running > 0, let happening = await group.next() {
                switch happening {
                case .checked(let lease, let address):
                    slots.end(lease.url)
                    if let address { slots.hosts.note("\(address)", of: lease.url) }
                    tally.running(slots.running(lease.url.network), lease.url.network)
                case .refilled:
                    slots.refill()
                    tally.logProgress(at: context.clock.now())
                    // In a group that is cancelled a pause ends at once.
                    guard slots.mayClaim, !Task.isCancelled else { continue }
                    group.addTask { await pause(config.interval.duration, then: .refilled) }
                case .sometimePassed:
                    slots.setAside(at: context.clock.now())
                    guard slots.mayClaim, !Task.isCancelled else { continue }
                    group.addTask { await pause(Self.lookAround, then: .sometimePassed) }
                case .cycleOver: slots.mayClaim = false
                case .stopping:
                    slots.mayClaim = false
                    group.cancelAll()
                }
                if failure == nil { failure = await claim(&slots, &pace, &group) }
            }
        }
        slots.hosts.endAll()
        hosts.turns = slots.hosts
        if let failure { throw failure }
        try Task.checkCancellation()
    }

    /// A network that is not enabled is absent: its relays are not tried, and nothing is said about them.
    private var mostChecks: [Network: Int] {
        var most: [Network: Int] = [:]
        for network in Network.allCases {
            let settings = context.core.networks[network]
            if settings.enabled { most[network] = min(settings.maxConnections, config.checks.concurrency) }
        }
        return most
    }

    /// None behind a proxy, which is not to hold more than its network's connections.
    private var mostWaiting: [Network: Int] {
        let direct = Network.allCases.filter { !$0.isOverlay && context.core.networks[$0].proxy == nil }
        return Dictionary(uniqueKeysWithValues: direct.map { ($0, config.checks.waiting) })
    }

    private func pause(_ time: Duration, then happening: Happening) async -> Happening {
        // Cancelled at the end of the group, where nobody listens any more.
        try? await context.clock.sleep(for: time)
        return happening
    }

    /// - Returns: what went wrong; then nothing more is claimed in this cycle.
    private func claim(
        _ slots: inout CheckSlots, _ pace: inout StartPace, _ group: inout TaskGroup<Happening>
    ) async -> (any Error)? {
        guard !context.shutdown.isRequested, !Task.isCancelled else { return nil }
        do {
            for queue in slots.queues {
                var rounds = 1
                while try await claim(queue, &slots, &pace, &group), rounds < Self.mostRounds,
                    !context.shutdown.isRequested, !Task.isCancelled
                { rounds += 1 }
            }
        } catch {
            slots.mayClaim = false
            return error
        }
        return nil
    }

    /// - Returns: whether some were given back, and others may stand behind them.
    private func claim(
        _ queue: CheckQueue, _ slots: inout CheckSlots, _ pace: inout StartPace, _ group: inout TaskGroup<Happening>
    ) async throws -> Bool {
        let limit = slots.claimable(queue)
        guard limit > 0 else { return false }
        let ttl = config.checks.timeout.duration + Self.storingTime
        let (leases, rows) = try await store.claim(queue, limit: limit, ttl: ttl)
        if rows < limit { slots.ranDry(queue) }
        tally.claimed(leases, queue)
        var begun = 0
        for lease in leases {
            let now = context.clock.now()
            if exclusions.contains(lease.url) {
                await putBack(lease, dueIn: Self.exclusionPause * (0.5 + context.randomness()))
            } else if slots.begin(lease.url, of: queue, at: pace.turn(at: now)) {
                begun += 1
                let wait = pace.take(at: now)
                group.addTask { await handle(lease, after: wait) }
            } else {
                await putBack(lease, dueIn: slots.hosts.turn(of: lease.url, at: now))
            }
        }
        return begun < leases.count
    }

    /// Checks a relay and stores what was found, or gives its lease back.
    private func handle(_ lease: CheckLease, after wait: Duration) async -> Happening {
        var address: ResolvedAddress?
        do {
            if wait > .zero { try await context.clock.sleep(for: wait) }
            let start = context.clock.now()
            let plan = config.checks.plan
            let report = try await check.run(lease.url, isLight: plan.isLight(lease.standing))
            address = report.address
            let decision = plan.decide(lease.standing, isUp: report.isUp, jitter: context.randomness())
            let event = publication?.event(for: lease.url, report)
            let (store, taken) = (store, context.clock.now() - start)
            // What was found is stored also when the service ends meanwhile: waited for below, cancelled by nobody.
            let storing = Task {
                try await store.commit(report, decision, under: lease, taken: taken, event: event)
            }
            let isStored = try await storing.value
            tally.checked(lease, report, decision, isStored: isStored, took: taken)
            if isStored { await noteOpinion(lease, report) }
        } catch is CancellationError {
            await putBack(lease, dueIn: .zero)
        } catch {
            tally.failed(error, lease)
            await putBack(lease, dueIn: config.checks.confirmation.duration)
        }
        return .checked(lease, address)
    }

    /// Hears what other monitors say of changes of state. Nothing depends on it: when it fails, the next time does it.
    func hearDeltas() async {
        guard config.checks.secondOpinion else { return }
        do { try await store.hearDeltas(author: publication?.author) } catch {
            guard !Task.isCancelled else { return }
            let kind = ErrorKind.name(of: error)
            context.logger.warning("deltas_not_heard", metadata: [LogKey.errorKind: "\(kind)"])
        }
    }

    /// Nothing depends on it: when it cannot be stored, the next check asks again.
    private func noteOpinion(_ lease: CheckLease, _ report: CheckReport) async {
        guard config.checks.secondOpinion, !report.isLight, !Task.isCancelled, let now = store.time?.now() else {
            return
        }
        do {
            try await store.note(
                SecondOpinion(of: lease.url, at: now), of: lease.relay, isUp: report.isUp, author: publication?.author)
        } catch {
            context.logger.debug("opinion_not_stored", metadata: [LogKey.relay: "\(lease.url)"])
        }
    }

    /// Not a child of the caller's task: a service that ends in a hurry cancels its checks, and their relays must still
    /// not stay held until the lease runs out.
    private func putBack(_ lease: CheckLease, dueIn: Duration) async {
        let store = store
        // Waited for right below and cancelled by nobody.
        let putting = Task { try await store.putBack(lease.relay, fence: lease.fence, dueIn: dueIn) }
        do {
            _ = try await putting.value
        } catch {
            // The lease ends by itself; the relay is only due later than it could be.
            context.logger.warning("lease_release_failed", metadata: [LogKey.relay: "\(lease.url)"])
        }
    }
}
