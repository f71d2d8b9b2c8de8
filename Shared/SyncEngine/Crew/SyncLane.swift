/// Which synchronizer a relay belongs to, as stored in `relay_sync.lane`. A relay is in exactly one lane.
public enum SyncLane: Int16, Sendable {
    /// The Synchronizer's.
    case ordinary = 0
    /// The Priority Synchronizer's.
    case priority = 1

    /// Whether replicas of this lane move the queue of the statistics into the counters. One service does, and its role
    /// alone may; the views count what is queued, so they are exact while it is down.
    var foldsStatistics: Bool { self == .ordinary }

    /// The lane whose long overdue relays are visited too where slots are left; nil for none. The reserved capacity of
    /// the priority lane is for itself alone.
    var helped: SyncLane? { self == .ordinary ? .priority : nil }
}
