public import Nostr

/// Answers AUTH challenges (NIP-42).
public protocol RelayAuthenticator: Sendable {
    /// The signed event of kind 22242 for this challenge, or nil to stay unknown. Asked once a connection, when a
    /// request was refused for the want of it, on the connection's event loop. `relay` is the URL that was dialled,
    /// whatever the challenge says; the challenge has at most 1,024 bytes.
    func answer(challenge: String, relay: RelayURL) -> Event?
}
