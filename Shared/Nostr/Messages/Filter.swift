/// What a REQ asks for (NIP-01, Communication): lists are "one of", everything together is "and".
///
/// A missing list asks nothing; an empty one matches nothing.
public struct Filter: Sendable {
    /// Event ids.
    public var ids: [EventID]?
    /// Authors.
    public var authors: [PublicKey]?
    /// Kinds, 0...65535.
    public var kinds: [UInt16]?
    /// Values of one-letter tags; only the first value of a tag counts.
    public var tags: [TagName: [String]]
    /// Events of this second and later.
    public var since: UnixTime?
    /// Events of this second and earlier.
    public var until: UnixTime?
    /// Most stored events to send, newest first; 0 asks for new ones only. Says nothing about whether an event matches.
    public var limit: Int?

    /// A filter; everything left out asks nothing.
    public init(
        ids: [EventID]? = nil, authors: [PublicKey]? = nil, kinds: [UInt16]? = nil, tags: [TagName: [String]] = [:],
        since: UnixTime? = nil, until: UnixTime? = nil, limit: Int? = nil
    ) {
        self.ids = ids
        self.authors = authors
        self.kinds = kinds
        self.tags = tags
        self.since = since
        self.until = until
        self.limit = limit
    }
}

extension Filter: Equatable {
    /// Equal members, strings byte by byte: Swift's own `==` takes different code points for the same character.
    public static func == (left: Filter, right: Filter) -> Bool {
        left.ids == right.ids && left.authors == right.authors && left.kinds == right.kinds
            && left.tags.mapValues { $0.map { Array($0.utf8) } } == right.tags.mapValues { $0.map { Array($0.utf8) } }
            && left.since == right.since && left.until == right.until && left.limit == right.limit
    }
}

extension Filter {
    /// True when the event is asked for. `json` are the bytes that the event was parsed from.
    public func matches(_ event: ParsedEvent, in json: UnsafeBufferPointer<UInt8>) -> Bool {
        matchesFields(event.id, event.pubkey, event.kind, event.createdAt)
            && (tags.isEmpty || matchesTags(UnsafeBufferPointer(rebasing: json[event.tags])))
    }

    /// True when the event is asked for.
    public func matches(_ event: Event) -> Bool {
        guard matchesFields(event.id, event.pubkey, event.kind, event.createdAt) else { return false }
        return tags.isEmpty || event.tagsJSON.withUnsafeBufferPointer { matchesTags($0) }
    }

    private func matchesFields(_ id: EventID, _ pubkey: PublicKey, _ kind: UInt16, _ createdAt: UnixTime) -> Bool {
        if let since, createdAt < since { return false }
        if let until, createdAt > until { return false }
        if let kinds, !kinds.contains(kind) { return false }
        if let authors, !authors.contains(pubkey) { return false }
        if let ids, !ids.contains(id) { return false }
        return true
    }

    private func matchesTags(_ json: UnsafeBufferPointer<UInt8>) -> Bool {
        var missing = Set(tags.keys)
        var cursor = TagCursor(json)
        while !missing.isEmpty, let tag = cursor.next() {
            guard let name = tag.letter, tag.value != nil, missing.contains(name), let wanted = tags[name]
            else { continue }
            let value = tag.decodedValue
            if wanted.contains(where: { $0.utf8.elementsEqual(value) }) { missing.remove(name) }
        }
        return missing.isEmpty
    }
}
