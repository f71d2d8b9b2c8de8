public import Nostr

/// What became of a COUNT (NIP-45). Texts are cut at 512 bytes.
public enum CountEnd: Sendable, Equatable {
    /// 0...2^40 events match; approximately where the relay says so, or that it broke off.
    case count(Int64, isApproximate: Bool)
    /// The relay refused (CLOSED).
    case closed(prefix: ReasonPrefix?, message: String)
    /// The relay does not count: a NOTICE with this text came, or nothing.
    case unsupported(String)
    /// The relay spoke of a rate limit and then said nothing.
    case rateLimited
    /// The answer has no number, or one that cannot be.
    case malformed
    /// The connection ended, or was ended because of what the relay did.
    case broken(RelayError)
    /// Our side wanted no answer any more.
    case cancelled
}
