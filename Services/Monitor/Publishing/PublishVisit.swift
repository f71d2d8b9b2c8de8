import Database
import Nostr
import RelayClient
import ServiceKit
import Settings

/// One connection to a relay that events wait for: sends them one by one and minds each OK.
struct PublishVisit: Sendable {
    let dialer: RelayDialer
    let signer: EventSigner
    let store: PublishStore
    let settings: PublishingSettings
    let networks: NetworksSettings
    let context: ServiceContext
    let tally: PublishTally

    /// A visit takes no further event after this; what is left is for the next one, of whatever replica.
    static let longest = Duration.seconds(20)
    /// Answers are stored when so much time has passed.
    private static let storingInterval = Duration.seconds(5)
    private static let pageSize = 20

    /// How long a lease lasts from the last word of its holder: longer than one event can take.
    static func ttl(_ settings: PublishingSettings) -> Duration { .seconds(120) + settings.timeout.duration * 4 }

    /// Publishes what waits, and ends the lease.
    /// - Throws: `DatabaseError`. Whatever the relay does wrong is stored.
    func run(_ lease: PublishLease) async throws {
        var ledger = PublishLedger(settings, fails: lease.fails)
        var failure: (any Error)?
        do {
            try await exchange(lease, &ledger)
        } catch is CancellationError {
            // What is known is stored; the event in hand is sent again, the same one.
        } catch { failure = error }
        let last = ledger.end(jitter: context.randomness())
        // Stored also when the service ends meanwhile: waited for right below and cancelled by nobody.
        let storing = Task { [store] in try await store.settle(last, under: lease) }
        let isStored = try await storing.value
        if let failure { throw failure }
        tally.visited(lease.url, last, isStored: isStored)
    }

    private func exchange(_ lease: PublishLease, _ ledger: inout PublishLedger) async throws {
        let connection: RelayConnection
        do {
            let most = min(networks[lease.url.network].timeout.duration, settings.timeout.duration)
            connection = try await dialer.connect(lease.url, timeout: most)
        } catch {
            try Task.checkCancellation()
            return ledger.failed(error.kind)
        }
        do {
            try await send(lease, on: connection, &ledger)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    private func send(_ lease: PublishLease, on connection: RelayConnection, _ ledger: inout PublishLedger) async throws
    {
        let start = context.clock.now()
        var storedAt = start
        var place: (tries: Int16, id: Int64) = (0, 0)
        var seen: Set<Int64> = []
        var hasAuthenticated = false
        while true {
            let page = try await store.deliveries(for: lease.url, after: place, limit: Self.pageSize)
            guard let last = page.last else { return }
            place = (last.tries, last.id)
            for delivery in page where seen.insert(delivery.id).inserted {
                let now = context.clock.now()
                guard now - start < Self.longest, !context.shutdown.isRequested else { return }
                if now - storedAt > Self.storingInterval {
                    guard try await handOut(&ledger, lease) else { return }
                    storedAt = now
                }
                guard delivery.bits >= ledger.demandedBits else {
                    ledger.skip(delivery.id)
                    continue
                }
                let end = try await publish(delivery, on: connection, &hasAuthenticated)
                tally.answered(lease.url, end, skipped: Int(delivery.skipped))
                guard ledger.take(end, to: delivery.id, bits: delivery.bits) == .goOn else { return }
            }
            guard try await handOut(&ledger, lease) else { return }
            storedAt = context.clock.now()
        }
    }

    /// A relay that asks who we are is told, once a connection (NIP-42).
    private func publish(
        _ delivery: Delivery, on connection: RelayConnection, _ hasAuthenticated: inout Bool
    ) async throws -> PublicationEnd {
        let event = try await signer.sign(delivery.event, bits: Int(delivery.bits))
        let end = try await connection.publish(event, timeout: settings.timeout.duration)
        guard case .refused(.authRequired, _) = end, !hasAuthenticated else { return end }
        hasAuthenticated = true
        guard try await connection.authenticate() == .accepted else { return end }
        return try await connection.publish(event, timeout: settings.timeout.duration)
    }

    /// - Returns: false when the lease was lost.
    private func handOut(_ ledger: inout PublishLedger, _ lease: PublishLease) async throws -> Bool {
        try await store.settle(ledger.handOut(wait: Self.ttl(settings)), under: lease)
    }
}
