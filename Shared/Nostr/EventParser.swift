internal import Crypto

/// Reads events from JSON bytes in one pass and proves their ids: shape, UTF-8, hex, canonical form, hash.
///
/// The received bytes of tags and content are hashed as they stand when the writer used no blanks and no escape but
/// the seven of NIP-01, which is nearly always; else the canonical form is written anew. The signature is not checked:
/// it costs 25 times all this, and most events are already known by their id.
/// One parser is one hash context and one buffer; it is used by one task at a time and may move between tasks.
public struct EventParser: ~Copyable {
    private let limits: EventLimits
    private var hasher = SHA256Hasher()
    // Grows with an event that is not hashed in place, and is given back after a large one.
    private var buffer: [UInt8] = []

    /// A parser with the given limits.
    public init(limits: EventLimits = .init()) {
        self.limits = limits
        buffer.reserveCapacity(Self.copiedBytes + 256)
    }

    /// The event that the bytes hold, as a whole. The ranges of the result are positions in `json`.
    public mutating func parse(_ json: UnsafeBufferPointer<UInt8>) throws(EventError) -> ParsedEvent {
        guard json.count <= limits.maxBytes else { throw .tooLarge }
        defer { if buffer.capacity > Self.keptBytes { buffer = [] } }
        var reader = EventReader(json, limits: limits)
        var event = try reader.read()
        if event.isCanonical {
            if hashInPlace(event, json) == event.id { return event }
        } else if hash(event, json, .json) == event.id {
            return event
        }
        event.dialect = try otherDialect(event, json)
        return event
    }

    /// The id that the event's fields give in a dialect, whatever id it carries.
    mutating func computeID(
        _ event: ParsedEvent, _ json: UnsafeBufferPointer<UInt8>, _ dialect: IDDialect
    ) -> EventID {
        hash(event, json, dialect)
    }

    /// Up to this size it is cheaper to copy everything together than to call the hash five times.
    private static let copiedBytes = 4096

    /// What a parser may hold between events; thousands of connections have one each.
    private static let keptBytes = 64 << 10

    private mutating func hashInPlace(_ event: ParsedEvent, _ json: UnsafeBufferPointer<UInt8>) -> EventID {
        writeHead(event)
        let tags = UnsafeBufferPointer(rebasing: json[event.tags])
        let content = UnsafeBufferPointer(rebasing: json[event.content])
        guard tags.count + content.count > Self.copiedBytes else {
            buffer.append(contentsOf: tags)
            buffer.append(contentsOf: ",\"".utf8)
            buffer.append(contentsOf: content)
            buffer.append(contentsOf: "\"]".utf8)
            buffer.withUnsafeBytes { hasher.update($0) }
            return hasher.finalize()
        }
        buffer.withUnsafeBytes { hasher.update($0) }
        hasher.update(UnsafeRawBufferPointer(tags))
        buffer.removeAll(keepingCapacity: true)
        buffer.append(contentsOf: ",\"\"]".utf8)
        buffer.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0.prefix(2))) }
        hasher.update(UnsafeRawBufferPointer(content))
        buffer.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0.dropFirst(2))) }
        return hasher.finalize()
    }

    private mutating func hash(
        _ event: ParsedEvent, _ json: UnsafeBufferPointer<UInt8>, _ dialect: IDDialect
    ) -> EventID {
        writeHead(event)
        CanonicalJSON.appendTags(json, event.tags, dialect: dialect, to: &buffer)
        buffer.append(contentsOf: ",\"".utf8)
        CanonicalJSON.appendString(json, event.content, dialect: dialect, to: &buffer)
        buffer.append(contentsOf: "\"]".utf8)
        buffer.withUnsafeBytes { hasher.update($0) }
        return hasher.finalize()
    }

    private mutating func writeHead(_ event: ParsedEvent) {
        buffer.removeAll(keepingCapacity: true)
        CanonicalJSON.appendHead(
            pubkey: event.pubkey, createdAt: event.createdAt, kind: event.kind, to: &buffer)
    }

    /// Which of the other dialects gives the id. Most wrong ids are just wrong: a dialect is tried only when the text
    /// holds a character that it spells differently.
    private mutating func otherDialect(
        _ event: ParsedEvent, _ json: UnsafeBufferPointer<UInt8>
    ) throws(EventError) -> IDDialect {
        // After the failed attempt the buffer may not hold the whole text, so it is written again as the raw dialect.
        let rawID = hash(event, json, .raw)
        let hasControl = buffer.contains { $0 < 0x20 }
        let hasDelete = buffer.contains(0x7F)
        if hasControl, rawID == event.id { return .raw }
        if hasDelete, hash(event, json, .del) == event.id { return .del }
        throw .idMismatch
    }
}
