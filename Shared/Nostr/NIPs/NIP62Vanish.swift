internal import Crypto

// NIP-62: Request to Vanish. https://github.com/nostr-protocol/nips/blob/master/62.md

/// Reads whether a kind 62 event asks this archive to forget its author.
enum NIP62Vanish {
    static let kind: UInt16 = 62

    /// One tombstone for everything of the author up to the request, when a `relay` tag says ALL_RELAYS or names the
    /// URL under which this archive serves; else none.
    static func tombstones(
        _ event: ParsedEvent, _ tags: UnsafeBufferPointer<UInt8>, servedAs ownURL: RelayURL?
    ) -> [Tombstone] {
        var cursor = TagCursor(tags)
        while let tag = cursor.next() {
            guard isMeant(tag, ownURL) else { continue }
            return [Tombstone(key: event.pubkey.bytes, pubkey: event.pubkey, upTo: event.createdAt)]
        }
        return []
    }

    private static func isMeant(_ tag: TagCursor.Tag, _ ownURL: RelayURL?) -> Bool {
        guard tag.isNamed("relay") else { return false }
        let value = String(decoding: tag.decodedValue, as: UTF8.self)
        if value == "ALL_RELAYS" { return true }
        return ownURL != nil && (try? RelayURL.parse(value)) == ownURL
    }
}
