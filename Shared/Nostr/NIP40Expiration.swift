// NIP-40: Expiration Timestamp. https://github.com/nostr-protocol/nips/blob/master/40.md

/// Reads when an event wishes to expire.
enum NIP40Expiration {
    /// The seconds of the first `expiration` tag; nil without one, or when its value is no decimal number of
    /// 0...2^63-1: an event is not hidden for a text that cannot be read.
    static func time(_ tags: UnsafeBufferPointer<UInt8>) -> UnixTime? {
        var cursor = TagCursor(tags)
        while let tag = cursor.next() {
            guard tag.isNamed("expiration") else { continue }
            let value = tag.decodedValue
            guard !value.isEmpty, value.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            return Int64(String(decoding: value, as: UTF8.self)).map { UnixTime(seconds: $0) }
        }
        return nil
    }
}
