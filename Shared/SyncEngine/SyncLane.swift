/// Which synchronizer a relay belongs to, as stored in `relay_sync.lane`. A relay is in exactly one lane.
public enum SyncLane: Int16, Sendable {
    /// The Synchronizer's.
    case ordinary = 0
    /// The Priority Synchronizer's.
    case priority = 1

    /// The lane whose long overdue relays are visited too where slots are left; nil for none. The reserved capacity of
    /// the priority lane is for itself alone.
    var helped: SyncLane? { self == .ordinary ? .priority : nil }
}
