/// What a check makes of a relay, and when the next one is due: pure.
struct MonitorPlan: Sendable, Equatable {
    /// From one check of a relay that answers to the next.
    var period = Duration.seconds(3600)
    /// From one light check of a relay that answers to the next, between full ones; from `period` on there are none.
    var lightPeriod = Duration.seconds(3600)
    /// From a first failure to the check that confirms it; also the shortest wait for a relay that is down.
    var confirmation = Duration.seconds(120)
    /// The longest wait between checks of a relay that is down.
    var longestWait = Duration.seconds(604_800)
    /// How long a relay has been down when it counts as dead.
    var deadAfter = Duration.seconds(604_800)
    /// How late a check may be before the time it was late is time in which nobody watched.
    var unwatchedAfter = Duration.seconds(10_800)

    /// Failed checks in a row that make a relay offline.
    static let failuresOfOffline: Int32 = 2

    /// Where a relay stands before a check.
    struct Standing: Sendable, Equatable {
        /// What it was held for.
        var status = RelayStatus.unknown
        /// Failed checks in a row.
        var fails: Int32 = 0
        /// Whether it ever answered.
        var wasUp = false
        /// Since the first of the failed checks in a row; nil without.
        var failingFor: Duration?
        /// By how much the check is later than it was planned; nil for the first one ever.
        var lateness: Duration?
        /// Until the next full check is due; nil before the first.
        var fullIn: Duration?
    }

    /// Where it stands after it.
    struct Decision: Sendable, Equatable {
        /// What it is held for now.
        var status: RelayStatus
        /// Failed checks in a row, this one included.
        var fails: Int32
        /// Until the next check.
        var wait: Duration
        /// Nothing is known of the time since this check was due.
        var wasUnwatched: Bool
        /// Until the next full check; nil when this one was none, or failed.
        var fullWait: Duration?
    }

    /// - Parameter jitter: a random number of 0 to 1, so that relays which came together do not stay together.
    func decide(_ standing: Standing, isUp: Bool, jitter: Double) -> Decision {
        let wasUnwatched = standing.lateness.map { $0 > unwatchedAfter } ?? false
        guard !isUp else {
            let isLight = isLight(standing)
            let full = isLight ? standing.fullIn ?? .zero : waitWhenUp(isFirst: standing.lateness == nil, jitter)
            return Decision(
                status: .online, fails: 0, wait: full / lightSteps(full), wasUnwatched: wasUnwatched,
                fullWait: isLight ? nil : full)
        }
        // What was online when somebody looked last is not held for that when it fails now, and not for down either.
        let isForgotten = wasUnwatched && standing.status == .online
        let fails = isForgotten ? 1 : min(standing.fails, 1_000_000) + 1
        guard fails >= Self.failuresOfOffline else {
            return Decision(
                status: isForgotten ? .unknown : standing.status, fails: fails,
                wait: confirmation * (0.75 + jitter / 2), wasUnwatched: wasUnwatched)
        }
        let isDown = standing.status == .offline || standing.status == .dead
        let isDead = isDown && (standing.failingFor ?? .zero) >= deadAfter
        return Decision(
            status: isDead ? .dead : .offline, fails: fails, wait: waitWhenDown(standing, jitter),
            wasUnwatched: wasUnwatched)
    }

    /// Whether to look only at whether the relay is there: it was up, and everything else was looked at not long ago.
    func isLight(_ standing: Standing) -> Bool {
        lightPeriod < period && standing.status == .online && standing.fails == 0
            && (standing.fullIn ?? .zero) > .zero
    }

    /// Equal steps of at most `lightPeriod` to the next full check.
    private func lightSteps(_ full: Duration) -> Int {
        lightPeriod < period ? max(Int((full / lightPeriod).rounded(.up)), 1) : 1
    }

    /// The first check of a relay spreads the next over the whole period: a seed list is checked in one go.
    private func waitWhenUp(isFirst: Bool, _ jitter: Double) -> Duration {
        period * (isFirst ? 0.1 + 0.9 * jitter : 0.95 + 0.1 * jitter)
    }

    /// In proportion to how long it has been down: a return is noticed within about a quarter of the outage, and an
    /// outage that lasts costs few checks. A relay that never answered is not expected to: its waits double.
    private func waitWhenDown(_ standing: Standing, _ jitter: Double) -> Duration {
        let share = standing.wasUp ? 0.25 : 1
        let wait = max((standing.failingFor ?? .zero) * share, confirmation)
        return min(wait * (0.8 + 0.4 * jitter), longestWait)
    }
}
