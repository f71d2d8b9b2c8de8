/// What is derived from an event's tags for the archive, found in one walk.
struct TagFacts {
    /// Index keys of the one-letter tags: sorted, distinct.
    private(set) var keys: [Int64] = []
    /// When the event wishes to expire.
    private(set) var expiresAt: UnixTime?
    /// The value of the first `d` tag; a missing tag or value equals the empty one (NIP-01).
    private(set) var d: [UInt8] = []

    /// Walks over the JSON text of a tags array that the parser has accepted.
    init(_ tags: UnsafeBufferPointer<UInt8>, createdAt: UnixTime) {
        let week = TagKey.week(of: createdAt)
        var hasD = false
        var hasExpiration = false
        var cursor = TagCursor(tags)
        while let tag = cursor.next() {
            guard let letter = tag.letter else {
                guard !hasExpiration, tag.isNamed("expiration") else { continue }
                hasExpiration = true
                expiresAt = NIP40Expiration.time(tag.decodedValue)
                continue
            }
            if letter.letter == UInt8(ascii: "d"), !hasD {
                hasD = true
                d = tag.decodedValue
            }
            if let key = Self.key(letter, tag, week) { keys.append(key) }
        }
        sortKeys()
    }

    private static func key(_ name: TagName, _ tag: TagCursor.Tag, _ week: Int64) -> Int64? {
        guard let value = tag.value else { return nil }
        if value.marks.contains(.escaped) { return TagKey.key(name, tag.decodedValue, week: week) }
        return TagKey.key(name, UnsafeBufferPointer(rebasing: tag.bytes[value.range]), week: week)
    }

    private mutating func sortKeys() {
        keys.sort()
        var last: Int64?
        keys.removeAll { key in
            defer { last = key }
            return key == last
        }
    }
}
