/// What a relay said to a COUNT (NIP-45).
public enum CountAnswer: Sendable, Equatable {
    /// So many events match, 0...2^40. Only a count that is not approximate can prove anything.
    case count(Int64, isApproximate: Bool)
    /// The relay does not count: it said so, or nothing.
    case unsupported
    /// Nothing is known; a number that cannot be is `.contradicted`.
    case inconclusive(InconclusiveReason)
}
