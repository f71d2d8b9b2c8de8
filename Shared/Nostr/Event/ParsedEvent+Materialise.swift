internal import Crypto

extension ParsedEvent {
    /// The event with all its columns, from the same bytes that it was parsed from.
    ///
    /// `servedAs` is the URL under which this archive is a relay, if it is one: a request to vanish (NIP-62) may name
    /// it.
    public func materialised(from json: UnsafeBufferPointer<UInt8>, servedAs ownURL: RelayURL? = nil) -> Event {
        precondition(json.count >= end, "an event is materialised from the bytes it was parsed from")
        let source = UnsafeBufferPointer(rebasing: json[tags])
        let facts = TagFacts(source, createdAt: createdAt)
        return Event(
            id: id, pubkey: pubkey, createdAt: createdAt, kind: kind, signature: signature,
            tagsJSON: canonicalTags(json), content: decodedContent(json), raw: hasNUL ? Array(json[..<end]) : nil,
            dialect: dialect, expiresAt: facts.expiresAt, tagKeys: facts.keys,
            address: AddressKey(kind: kind, pubkey: pubkey, d: facts.d),
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

    private func tombstones(_ tags: UnsafeBufferPointer<UInt8>, _ ownURL: RelayURL?) -> [Tombstone] {
        switch kind {
        case NIP09Deletion.kind: NIP09Deletion.tombstones(self, tags)
        case NIP62Vanish.kind: NIP62Vanish.tombstones(self, tags, servedAs: ownURL)
        default: []
        }
    }
}
