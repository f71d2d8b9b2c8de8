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
    // Holds the canonical form of an event of the usual size.
    private var small = [UInt8](repeating: 0, count: copiedBytes + frameBytes)
    // Grows with an event that is not hashed in place, and is given back after a large one.
    private var buffer: [UInt8] = []

    /// A parser with the given limits.
    public init(limits: EventLimits = .init()) {
        self.limits = limits
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

    /// Room for what stands round tags and content.
    private static let frameBytes = 128

    private mutating func hashInPlace(_ event: ParsedEvent, _ json: UnsafeBufferPointer<UInt8>) -> EventID {
        let tags = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: json[event.tags]))
        let content = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: json[event.content]))
        let isCopied = tags.count + content.count <= Self.copiedBytes
        small.withUnsafeMutableBytes { bytes in
            var writer = ByteWriter(bytes)
            writer.head(event)
            if isCopied {
                writer.append(tags)
                writer.append(",\"")
                writer.append(content)
                writer.append("\"]")
            }
            hasher.update(writer.written)
        }
        if !isCopied {
            hasher.update(tags)
            update(",\"")
            hasher.update(content)
            update("\"]")
        }
        return hasher.finalize()
    }

    private mutating func update(_ text: StaticString) {
        hasher.update(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func hash(
        _ event: ParsedEvent, _ json: UnsafeBufferPointer<UInt8>, _ dialect: IDDialect
    ) -> EventID {
        buffer.removeAll(keepingCapacity: true)
        CanonicalJSON.appendHead(pubkey: event.pubkey, createdAt: event.createdAt, kind: event.kind, to: &buffer)
        CanonicalJSON.appendTags(json, event.tags, dialect: dialect, to: &buffer)
        buffer.append(contentsOf: ",\"".utf8)
        CanonicalJSON.appendString(json, event.content, dialect: dialect, to: &buffer)
        buffer.append(contentsOf: "\"]".utf8)
        buffer.withUnsafeBytes { hasher.update($0) }
        return hasher.finalize()
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
