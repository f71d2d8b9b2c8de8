// NIP-40: Expiration Timestamp. https://github.com/nostr-protocol/nips/blob/master/40.md

/// Reads when an event wishes to expire.
enum NIP40Expiration {
    /// The seconds in the value of an `expiration` tag; nil when it is no decimal number of 0...2^63-1: an event is not
    /// hidden for a text that cannot be read. Of several such tags the first counts.
    static func time(_ value: [UInt8]) -> UnixTime? {
        guard !value.isEmpty, value.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(String(decoding: value, as: UTF8.self)).map { UnixTime(seconds: $0) }
    }
}
