public import Nostr

/// What became of our AUTH on a connection (NIP-42). Texts are cut at 512 bytes.
public enum AuthenticationEnd: Sendable, Equatable {
    /// OK true: what was refused may be asked once more.
    case accepted
    /// OK false.
    case refused(prefix: ReasonPrefix?, message: String)
    /// The relay did not say OK; it may still have taken the answer.
    case unanswered
    /// The relay refused for the want of AUTH and sent no challenge.
    case unchallenged
    /// There is nobody to sign.
    case declined
    /// The connection ended, or was ended because of what the relay did.
    case broken(RelayError)
}
