public import Nostr

/// What became of an EVENT that was sent (NIP-01, "From relay to client": OK). Texts are cut at 512 bytes.
public enum PublicationEnd: Sendable, Equatable {
    /// OK true.
    case accepted(message: String)
    /// OK false.
    case refused(prefix: ReasonPrefix?, message: String)
    /// The relay said nothing about the event; it may still have taken it.
    case unanswered
    /// The connection ended, or was ended because of what the relay did.
    case broken(RelayError)
    /// Our side wanted no answer any more.
    case cancelled
}
