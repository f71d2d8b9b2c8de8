/// The Synchronizer's own file as tests write it: short pauses, all else as shipped unless said otherwise.
struct SynchronizerFile {
    var pageSize = 500
    /// Between two visits of a relay that is read; long, so that a test decides itself when a relay is due again.
    var revisit = 3_600.0
    var retry = 3_600.0
    /// Length of a visit.
    var visit = 60.0
    /// Longest wait after failed visits; at least `retry`.
    var retryCeiling = 21_600.0
    var leaseTTL = 60.0
    var progressTimeout = 30.0
    /// For one page.
    var pageTimeout = 120.0
    /// Requests a second below which no rate falls.
    var rateFloor = 0.1
    var healthPort = 0
    /// From one pass over history to the next, and from then on.
    var secondPass = 3_600.0
    var rescans = [3_600.0]
    /// How long a relay of the priority list waits for its own service.
    var helpOverdue = 600.0
    /// Whether relays are followed: then their visits do not end by themselves.
    var follows = false

    var text: String {
        """
        sync:
          page_size: \(pageSize)
          revisit_interval: \(revisit)
          claim_interval: 0.1
          help_overdue: \(helpOverdue)
          progress_timeout: \(progressTimeout)
          page_timeout: \(pageTimeout)
        lease:
          ttl: \(leaseTTL)
          heartbeat: \(leaseTTL / 4)
        budget:
          visit: \(visit)
          retry_delay: \(retry)
          retry_ceiling: \(max(retry, retryCeiling))
        rate:
          floor: \(rateFloor)
        tail:
          enabled: \(follows)
        proof:
          second_pass: \(secondPass)
        rescan:
          schedule: \(rescans)
        interval: 0.1
        health:
          port: \(healthPort)

        """
    }
}
