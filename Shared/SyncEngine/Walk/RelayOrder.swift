internal import Database

/// In which order a relay shows what it has; found out by asking twice.
public enum RelayOrder: String, Sendable, Equatable {
    /// Not tried.
    case unknown
    /// As NIP-01 has it: pages can be followed down.
    case newestFirst = "newest_first"
    /// Any other: only windows small enough to be shown whole say something.
    case unordered

    /// As `relay_sync.behaviour` holds it; anything else is tried again.
    init(_ behaviour: RelayBehaviour) { self = behaviour.order.flatMap(RelayOrder.init) ?? .unknown }
}
