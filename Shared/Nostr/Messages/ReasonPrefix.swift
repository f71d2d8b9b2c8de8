/// The machine-readable first word of an OK or CLOSED message (NIP-01, NIP-42).
///
/// A relay may invent others: they have no class here and are judged by nobody.
public enum ReasonPrefix: String, Sendable, CaseIterable {
    /// The relay already has the event.
    case duplicate
    /// Proof of work is missing (NIP-13).
    case pow
    /// The author or the address is not welcome.
    case blocked
    /// Too much in too short a time.
    case rateLimited = "rate-limited"
    /// The message breaks the protocol or a policy.
    case invalid
    /// Not allowed, whoever asks or for this key.
    case restricted
    /// No one listens: the subscription was muted.
    case mute
    /// The relay failed.
    case error
    /// Authenticate first (NIP-42).
    case authRequired = "auth-required"
    /// Pay first; not in NIP-01, and in use.
    case paymentRequired = "payment-required"
    /// The relay does not do this; NIP-01's own example.
    case unsupported

    /// The class of a message: the word of small letters and hyphens before its first colon, if it is a known one.
    public init?(message: String) {
        let word = message.utf8.prefix { $0 == UInt8(ascii: "-") || (0x61...0x7A).contains($0) }
        guard message.utf8.dropFirst(word.count).first == UInt8(ascii: ":"), let text = String(word) else { return nil }
        self.init(rawValue: text)
    }
}
