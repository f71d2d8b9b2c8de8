/// What the author of a kind 5 (NIP-09) or kind 62 (NIP-62) event wants gone.
///
/// A reader hides an event when a tombstone names it, the pubkeys are equal and `createdAt <= upTo`.
public struct Tombstone: Hashable, Sendable {
    /// The event id (32 bytes), the address key (16 bytes), or for everything of an author the pubkey (32 bytes).
    public let key: [UInt8]
    /// Who asked. Only this author's events may be hidden by it.
    public let pubkey: PublicKey
    /// The latest `created_at` that is meant; `UnixTime.max` where an event is named by its id.
    public let upTo: UnixTime

    /// A tombstone as it was stored.
    public init(key: [UInt8], pubkey: PublicKey, upTo: UnixTime) {
        self.key = key
        self.pubkey = pubkey
        self.upTo = upTo
    }
}
