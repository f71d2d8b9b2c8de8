import Crypto
import Nostr

/// Makes events of ours: looks for the nonce where work is wanted, and signs.
struct EventSigner: Sendable {
    let key: SecretKey

    /// Nonces that are tried before others get the thread.
    private static let triesAtOnce = 1024

    /// The same id for the same event and bits, whenever and wherever it is made.
    /// - Throws: `CancellationError`.
    func sign(_ event: UnsignedEvent, bits: Int = 0) async throws -> Event {
        guard bits > 0 else { return event.sign(with: key) }
        var miner = NIP13Miner(event, pubkey: key.publicKey, bits: bits)
        while true {
            if let found = miner.search(tries: Self.triesAtOnce) { return found.sign(with: key) }
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}
