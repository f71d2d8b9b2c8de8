internal import Crypto

extension ParsedEvent {
    /// The event with all its columns, from the same bytes that it was parsed from.
    ///
    /// `servedAs` is the URL under which this archive is a relay, if it is one: a request to vanish (NIP-62) may name it.
    public func materialised(from json: UnsafeBufferPointer<UInt8>, servedAs ownURL: RelayURL? = nil) -> Event {
        precondition(json.count >= end, "an event is materialised from the bytes it was parsed from")
        let source = UnsafeBufferPointer(rebasing: json[tags])
        return Event(
            id: id, pubkey: pubkey, createdAt: createdAt, kind: kind, signature: signature,
            tagsJSON: canonicalTags(json), content: decodedContent(json), raw: hasNUL ? Array(json[..<end]) : nil,
            dialect: dialect, expiresAt: NIP40Expiration.time(source),
            tagKeys: TagKey.keys(source, createdAt: createdAt), address: address(source),
            tombstones: tombstones(source, ownURL))
    }

    private func canonicalTags(_ json: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        guard tagsHaveBlanks || tagsMarks.contains(.rewritten) else { return Array(json[tags]) }
        var output: [UInt8] = []
        output.reserveCapacity(tags.count)
        CanonicalJSON.appendTags(json, tags, dialect: .json, replacingNUL: true, to: &output)
        return output
    }

    private func decodedContent(_ json: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        guard contentMarks.contains(.escaped) else { return Array(json[content]) }
        var output: [UInt8] = []
        output.reserveCapacity(content.count)
        JSONString.appendDecoded(json, content, replacingNUL: true, to: &output)
        return output
    }

    private func address(_ tags: UnsafeBufferPointer<UInt8>) -> AddressKey? {
        guard let kindClass = AddressKey.kindClass(kind) else { return nil }
        return AddressKey(kind: kind, pubkey: pubkey, d: kindClass == .addressable ? firstD(tags) : [])
    }

    /// The value of the first `d` tag; a missing one equals the empty value (NIP-01).
    private func firstD(_ tags: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var cursor = TagCursor(tags)
        while let tag = cursor.next() {
            if tag.letter?.letter == UInt8(ascii: "d") { return tag.decodedValue }
        }
        return []
    }

    private func tombstones(_ tags: UnsafeBufferPointer<UInt8>, _ ownURL: RelayURL?) -> [Tombstone] {
        switch kind {
        case NIP09Deletion.kind: NIP09Deletion.tombstones(self, tags)
        case NIP62Vanish.kind: NIP62Vanish.tombstones(self, tags, servedAs: ownURL)
        default: []
        }
    }
}
