import Crypto
import Nostr
import RelayClient

/// Answers challenges (NIP-42) with the Monitor's key: a relay that we publish to may know who publishes.
struct KeyAuthenticator: RelayAuthenticator {
    /// The kind of an answer.
    static let kind: UInt16 = 22_242

    let key: SecretKey
    let time: DatabaseClock

    func answer(challenge: String, relay: RelayURL) -> Event? {
        let tags = [["relay", relay.text], ["challenge", challenge]]
        return time.now().map { UnsignedEvent(createdAt: $0, kind: Self.kind, tags: tags).sign(with: key) }
    }
}
