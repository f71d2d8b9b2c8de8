import Database
import Logging
import ServiceKit

/// The single-active work of the Finder, held for one cycle. Every write carries its fence, so that a holder that was
/// slow cannot write beside its successor.
actor FinderLease {
    /// Name of the work.
    static let work = "finder"

    /// Who holds it.
    nonisolated let owner: ReplicaID
    /// Which claim it was.
    nonisolated let fence: Int64

    private let context: ServiceContext
    private let ttl: Duration
    private var renewAt: Duration

    /// Claims the work.
    /// - Parameter ttl: after it, without a renewal, another replica may go on.
    /// - Returns: nil while another replica holds it.
    static func claim(_ context: ServiceContext, ttl: Duration) async throws -> FinderLease? {
        let start = context.clock.now()
        let fence = try await context.brotr.claimServiceLease(work, owner: context.replica, ttl: ttl)
        return fence.map { FinderLease(context, fence: $0, ttl: ttl, claimedAt: start) }
    }

    private init(_ context: ServiceContext, fence: Int64, ttl: Duration, claimedAt: Duration) {
        self.context = context
        self.ttl = ttl
        self.fence = fence
        owner = context.replica
        renewAt = claimedAt + ttl / 3
    }

    /// Keeps the work, between two parts of it.
    /// - Throws: `CandidateError.leaseLost`; `DatabaseError`.
    func renewIfDue() async throws {
        let now = context.clock.now()
        guard now >= renewAt else { return }
        guard try await context.brotr.renewServiceLease(Self.work, owner: owner, fence: fence, ttl: ttl) else {
            throw CandidateError.leaseLost
        }
        renewAt = now + ttl / 3
    }

    /// Lets another replica take over. Not a child of the caller's task: a cycle that is cancelled must not keep it.
    func giveBack() async {
        let (brotr, owner, fence) = (context.brotr, self.owner, self.fence)
        // Waited for right below and cancelled by nobody.
        let release = Task { try await brotr.releaseServiceLease(Self.work, owner: owner, fence: fence) }
        do { _ = try await release.value } catch {
            // The lease ends by itself; the next holder only comes later.
            context.logger.debug("lease_release_failed")
        }
    }
}
