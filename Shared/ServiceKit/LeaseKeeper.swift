public import Database
public import Logging
import Synchronization
import Telemetry

/// Keeps a set of fenced leases alive: renews all of them every third of their ttl, and tells the holder of each one
/// that is lost. Runs in a task of its own (`run`), beside the work.
public final class LeaseKeeper<Key: Hashable & Comparable & Sendable>: Sendable {
    /// Renews all named leases and says which are still ours.
    public typealias Renewal = @Sendable ([(key: Key, fence: Int64)]) async throws -> Set<Key>

    private struct State {
        var table: LeaseTable<Key>
        var onLoss: [Key: @Sendable () -> Void] = [:]
    }

    private let state: Mutex<State>
    private let renewal: Duration
    private let retry: Duration
    private let clock: MonotonicClock
    private let logger: Logger
    private let renew: Renewal

    /// A keeper of leases that last `ttl` from each renewal, by the clock of whoever grants them.
    /// - Parameter heartbeat: from one renewal to the next; a third of the ttl when nil.
    public init(
        ttl: Duration, heartbeat: Duration? = nil, clock: MonotonicClock, logger: Logger, renew: @escaping Renewal
    ) {
        let table = LeaseTable<Key>(ttl: ttl, heartbeat: heartbeat)
        renewal = table.renewal
        retry = table.retry
        state = Mutex(State(table: table))
        self.clock = clock
        self.logger = logger
        self.renew = renew
    }

    /// Keeps a lease from now on.
    /// - Parameters:
    ///   - claimedAt: `clock.now()` from before the claim was sent.
    ///   - onLoss: called once, from the keeper's task, when the lease is lost or was not renewed in time. It must not
    ///     wait; a holder cancels its work with it.
    public func hold(_ key: Key, fence: Int64, claimedAt: Duration, onLoss: @escaping @Sendable () -> Void = {}) {
        state.withLock {
            $0.table.hold(key, fence: fence, claimedAt: claimedAt)
            $0.onLoss[key] = onLoss
        }
    }

    /// Stops keeping a lease, before it is given back.
    public func drop(_ key: Key, fence: Int64) {
        state.withLock {
            $0.table.drop(key, fence: fence)
            if $0.table.leases[key] == nil { $0.onLoss[key] = nil }
        }
    }

    /// Whether work under this lease may still begin. A false answer is certain, a true one may be overtaken; the fence
    /// in every write is what counts.
    public func isUsable(_ key: Key, fence: Int64) -> Bool {
        let now = clock.now()
        return state.withLock { $0.table.isUsable(key, fence: fence, now: now) }
    }

    /// Number of leases kept.
    public var count: Int { state.withLock { $0.table.leases.count } }

    /// Renews until the task is cancelled. Errors of the database are logged and tried again until leases run out.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.keepRenewing() }
            group.addTask { await self.keepExpiring() }
        }
    }

    private func keepRenewing() async {
        var renewalAt = clock.now() + renewal
        while !Task.isCancelled {
            do { try await clock.sleep(renewalAt) } catch { return }
            expire()
            renewalAt = clock.now() + (await renewAll() ? renewal : retry)
        }
    }

    /// Beside the renewals, whose answer may take longer than leases last.
    private func keepExpiring() async {
        while !Task.isCancelled {
            // Leases that come in meanwhile end later.
            let wake = state.withLock { $0.table.nextEnd(before: clock.now() + renewal) }
            do { try await clock.sleep(wake) } catch { return }
            expire()
        }
    }

    private func expire() {
        lose(state.withLock { $0.table.expire(now: clock.now()) }, reason: "not renewed in time")
    }

    /// Renews once.
    /// - Returns: false when the database did not answer.
    func renewAll() async -> Bool {
        let claims = state.withLock { $0.table.claims }
        guard !claims.isEmpty else { return true }
        let sentAt = clock.now()
        do {
            let stillOurs = try await renew(claims)
            let lost = state.withLock { $0.table.renewed(claims, stillOurs: stillOurs, sentAt: sentAt) }
            lose(lost, reason: "taken over by another replica")
            return true
        } catch {
            if !(error is CancellationError) {
                logger.warning(
                    "lease_renewal_failed",
                    metadata: [
                        LogKey.errorKind: "\(ErrorKind.name(of: error))", LogKey.error: "\(error)",
                        LogKey.count("leases"): .stringConvertible(claims.count),
                    ])
            }
            return false
        }
    }

    private func lose(_ keys: [Key], reason: String) {
        for key in keys {
            let onLoss = state.withLock { $0.onLoss.removeValue(forKey: key) }
            logger.warning("lease_lost", metadata: [LogKey.lease: "\(key)", LogKey.reason: "\(reason)"])
            onLoss?()
        }
    }
}
