internal import Crypto

// NIP-09: Event Deletion Request. https://github.com/nostr-protocol/nips/blob/master/09.md

/// Reads what a kind 5 event asks to delete.
enum NIP09Deletion {
    static let kind: UInt16 = 5

    /// The targets of its `e` and `a` tags, each once. An address of another author is no target: only authors delete.
    ///
    /// Whether an `e` target is the author's own is known only where the target is known, so readers compare pubkeys.
    /// The author's own key is no target: no event has it as its id, and such a tombstone would ask to vanish (NIP-62).
    static func tombstones(_ event: ParsedEvent, _ tags: UnsafeBufferPointer<UInt8>) -> [Tombstone] {
        var distinct: Set<Tombstone> = []
        var cursor = TagCursor(tags)
        while let tag = cursor.next() {
            guard let letter = tag.letter?.letter else { continue }
            let value = tag.decodedValue
            if letter == UInt8(ascii: "e"), let id = Hex.decode(value), id.count == 32, id != event.pubkey.bytes {
                distinct.insert(Tombstone(key: id, pubkey: event.pubkey, upTo: .max))
            } else if letter == UInt8(ascii: "a"), let address = address(value, of: event.pubkey) {
                distinct.insert(Tombstone(key: address.bytes, pubkey: event.pubkey, upTo: event.createdAt))
            }
        }
        return distinct.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }

    /// The key of an address text `kind:pubkey:d` of this author; nil for any other text.
    private static func address(_ text: [UInt8], of author: PublicKey) -> AddressKey? {
        let parts = text.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, let kind = UInt16(String(decoding: parts[0], as: UTF8.self)),
            Hex.decode(parts[1]) == author.bytes
        else { return nil }
        return AddressKey(kind: kind, pubkey: author, d: parts.count > 2 ? Array(parts[2]) : [])
    }
}
