import Database
import Nostr
import RelayClient
import ServiceKit
import Settings

/// Publishes what the queue holds: claims relays that something waits for, and visits several at a time.
struct Publisher: Sendable {
    private enum Happening: Sendable {
        case visited((any Error)?)
        case stopping
    }

    let context: ServiceContext
    let rules: PublicationRules
    let visit: PublishVisit
    let store: PublishStore
    let time: DatabaseClock
    let tally: PublishTally
    /// From one look for relays that something waits for to the next.
    let interval: Duration

    /// Relays that are published to at one time.
    private static let mostVisits = 10
    /// An event that was left unanswered so often is given up.
    private static let mostTries = 10

    /// Publishes until the checks of the cycle are over, and then what they have left.
    /// - Throws: `DatabaseError`, `CancellationError`.
    func run(until checksAreOver: ShutdownSignal) async throws {
        while true {
            let isLast = checksAreOver.isRequested
            try await pass()
            guard !isLast, !context.shutdown.isRequested else { return }
            await checksAreOver.pause(for: interval, clock: context.clock)
            try Task.checkCancellation()
        }
    }

    /// Says who we are where that is due, and gives up what is too old.
    func keepUp() async throws {
        for event in rules.announcements { _ = try await store.queue(event) }
        let settings = rules.publishing
        tally.dropped(
            try await store.trim(age: settings.maxAge.duration, tries: Self.mostTries, most: settings.maxQueue))
    }

    /// How the relays stand that are published to.
    func look() async throws -> [MonitorState.Target] {
        let targets = try await store.targets(rules.publishing.urls)
        tally.waiting(targets)
        return targets
    }

    /// One visit to each relay that something waits for and that is due.
    private func pass() async throws {
        let leases = try await store.claim(
            targets, limit: Self.mostVisits, ttl: PublishVisit.ttl(rules.publishing),
            mostBits: rules.publishing.maxPow, time: time)
        guard !leases.isEmpty else { return }
        var failure: (any Error)?
        await withTaskGroup(of: Happening.self) { group in
            group.addTask {
                await context.shutdown.wait()
                return .stopping
            }
            for lease in leases {
                group.addTask {
                    do { try await visit.run(lease) } catch { return .visited(error) }
                    return .visited(nil)
                }
            }
            var visits = leases.count
            while visits > 0, let happening = await group.next() {
                // Visits that are cancelled store what they know.
                guard case .visited(let error) = happening else {
                    group.cancelAll()
                    continue
                }
                visits -= 1
                failure = failure ?? error
            }
            group.cancelAll()
        }
        if let failure { throw failure }
    }

    /// Relays of networks that are not enabled are not dialled.
    private var targets: [RelayURL] { rules.publishing.urls.filter { context.core.networks[$0.network].enabled } }
}
