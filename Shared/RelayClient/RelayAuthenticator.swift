public import Nostr

/// Answers AUTH challenges (NIP-42).
public protocol RelayAuthenticator: Sendable {
    /// The signed event of kind 22242 for this challenge, or nil to stay unknown. Asked once a connection, on its event
    /// loop. `relay` is the URL that was dialled, whatever the challenge says.
    func answer(challenge: String, relay: RelayURL) -> Event?
}
