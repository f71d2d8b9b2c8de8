import Crypto
import Nostr
import RelayClient

/// Answers challenges (NIP-42) with the Monitor's key: a relay that we publish to may know who publishes.
struct KeyAuthenticator: RelayAuthenticator {
    let key: SecretKey
    let time: DatabaseClock

    func answer(challenge: String, relay: RelayURL) -> Event? {
        time.now().map { NIP42Authentication.answer(to: challenge, of: relay, at: $0).sign(with: key) }
    }
}
