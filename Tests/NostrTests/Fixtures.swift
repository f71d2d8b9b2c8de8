import Crypto
import Nostr

/// Events and texts for the tests of this bundle; everything is the same in every run.
enum Fixtures {
    /// The key whose 32 bytes end in this number.
    static func key(_ number: UInt8 = 1) -> SecretKey {
        guard let bytes = Bytes32([UInt8](repeating: 0, count: 31) + [max(number, 1)]), let key = SecretKey(bytes)
        else { preconditionFailure("1...255 are keys") }
        return key
    }

    /// A signed event.
    static func event(
        kind: UInt16 = 1, tags: [[String]] = [], content: String = "hello", createdAt: Int64 = 1_700_000_000,
        key number: UInt8 = 1
    ) -> Event {
        UnsignedEvent(createdAt: UnixTime(seconds: createdAt), kind: kind, tags: tags, content: content)
            .sign(with: key(number), auxiliary: .zero)
    }

    /// JSON of an event from raw texts of tags and content, with the id that a canonical text gives. The signature is
    /// of zeros: the parser does not look at it.
    static func json(
        tags: String = "[]", content: String = "\"hello\"", kind: String = "1", createdAt: String = "1700000000",
        canonicalTags: String? = nil, canonicalContent: String? = nil, id: String? = nil, extra: String = ""
    ) -> String {
        let canonical =
            "[0,\"\(pubkey)\",\(createdAt),\(kind),\(canonicalTags ?? tags),\(canonicalContent ?? content)]"
        let id = id ?? SHA256.hash(Array(canonical.utf8)).hex
        return "{\"id\":\"\(id)\",\"pubkey\":\"\(pubkey)\",\"created_at\":\(createdAt),\"kind\":\(kind),"
            + "\"tags\":\(tags),\"content\":\(content),\"sig\":\"\(signature)\"\(extra)}"
    }

    static let pubkey = String(repeating: "0", count: 63) + "1"
    static let signature = String(repeating: "0", count: 128)

    /// Parses bytes alone in memory of just their size, so that reading past the end is found by the sanitizers.
    static func parse(_ json: [UInt8], limits: EventLimits = .init()) throws(EventError) -> ParsedEvent {
        var parser = EventParser(limits: limits)
        let memory = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: json.count)
        defer { memory.deallocate() }
        _ = memory.initialize(from: json)
        return try parser.parse(UnsafeBufferPointer(memory))
    }

    static func parse(_ json: String) throws(EventError) -> ParsedEvent { try parse(Array(json.utf8)) }

    /// Parses and materialises.
    static func columns(_ json: [UInt8]) throws(EventError) -> Event {
        let parsed = try parse(json)
        return json.withUnsafeBufferPointer { parsed.materialised(from: $0) }
    }

    static func columns(_ json: String) throws(EventError) -> Event { try columns(Array(json.utf8)) }
}

extension String {
    /// The text of UTF-8 bytes.
    init(_ bytes: [UInt8]) { self.init(decoding: bytes, as: UTF8.self) }
}
