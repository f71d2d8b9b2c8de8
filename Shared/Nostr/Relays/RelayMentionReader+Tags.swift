/// Tags.
extension RelayMentionReader {
    /// Which elements of a tag name relays, and which texts there count.
    private struct TagRule {
        enum Texts {
            /// Every text is meant as a relay.
            case all
            /// Only texts with `://`: others are empty, or markers in the wrong place.
            case urls
            /// Only URLs of relays: web pages stand there too.
            case relayURLs
        }

        var places: ClosedRange<Int>
        var slot: RelaySlot
        var texts: Texts
    }

    /// Lists whose texts count even when none of them looks like a URL.
    private static let lists: Set<UInt16> = [10002, 10006, 10007, 10009, 10012, 10050, 10051, 10102, 30002, 9734, 9735]
    private static let sets: Set<UInt16> = [10007, 10012, 10013, 10050, 10051, 10102, 30002]

    /// Takes the relays of the JSON text of tags.
    mutating func readTags(_ bytes: UnsafeBufferPointer<UInt8>, _ kind: UInt16) {
        guard ByteSearch.holdsURL(bytes) || Self.lists.contains(kind) else { return }
        var scanner = JSONScanner(bytes)
        do throws(JSONFault) { try readTags(&scanner, kind) } catch { mentions.reject("bad_tags") }
    }

    private mutating func readTags(_ scanner: inout JSONScanner, _ kind: UInt16) throws(JSONFault) {
        scanner.skipBlanks()
        try scanner.expect(UInt8(ascii: "["))
        scanner.skipBlanks()
        if scanner.take(UInt8(ascii: "]")) { return }
        repeat {
            scanner.skipBlanks()
            try readTag(&scanner, kind)
            scanner.skipBlanks()
        } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: "]"))
    }

    private mutating func readTag(_ scanner: inout JSONScanner, _ kind: UInt16) throws(JSONFault) {
        guard scanner.take(UInt8(ascii: "[")) else { return try scanner.skipValue(depth: Self.maxDepth) }
        scanner.skipBlanks()
        if scanner.take(UInt8(ascii: "]")) { return }
        var place = 0
        var rule: TagRule?
        var isRequest = false
        repeat {
            scanner.skipBlanks()
            if scanner.current == UInt8(ascii: "\"") {
                let text = try scanner.string()
                if place == 0 {
                    let name = Self.name(scanner.bytes, text)
                    isRequest = kind == 9735 && name == "description"
                    rule = Self.rule(name, kind)
                } else if isRequest, place == 1 {
                    readZapRequest(JSONString.decoded(scanner.bytes, text))
                } else if let rule, rule.places.contains(place), !text.range.isEmpty {
                    readElement(scanner.bytes, text, rule)
                }
            } else {
                try scanner.skipValue(depth: Self.maxDepth)
            }
            place += 1
            scanner.skipBlanks()
        } while scanner.take(UInt8(ascii: ","))
        try scanner.expect(UInt8(ascii: "]"))
    }

    /// The name of a tag; empty when it is longer than any that matters. Short texts need no memory.
    private static func name(_ bytes: UnsafeBufferPointer<UInt8>, _ text: JSONText) -> String {
        text.range.count <= 15 ? String(decoding: bytes[text.range], as: UTF8.self) : ""
    }

    private static func rule(_ name: String, _ kind: UInt16) -> TagRule? {
        switch name {
        case "e", "E", "q": return TagRule(places: 2...2, slot: .eventHint, texts: .urls)
        case "p", "P": return TagRule(places: 2...2, slot: .authorHint, texts: .urls)
        case "a", "A": return TagRule(places: 2...2, slot: .addressHint, texts: .urls)
        case "zap": return TagRule(places: 2...2, slot: .zapHint, texts: .urls)
        case "client": return TagRule(places: 3...3, slot: .clientHint, texts: .urls)
        case "group": return TagRule(places: 2...2, slot: .group, texts: .all)
        case "relays":
            return TagRule(places: 1...Int.max, slot: kind == 9734 ? .zapRequest : .relaysTag, texts: .all)
        case "relay": return TagRule(places: 1...1, slot: relaySlot(kind), texts: .all)
        case "r": return referenceRule(kind)
        case "d": return kind == 30166 ? TagRule(places: 1...1, slot: .probed, texts: .urls) : nil
        case "i":
            return (5000..<6000).contains(kind) ? TagRule(places: 3...3, slot: .jobInput, texts: .urls) : nil
        default: return kind == 10040 ? TagRule(places: 2...2, slot: .provider, texts: .urls) : nil
        }
    }

    private static func referenceRule(_ kind: UInt16) -> TagRule {
        switch kind {
        case 10002: TagRule(places: 1...1, slot: .relayList, texts: .all)
        case 1066: TagRule(places: 1...1, slot: .probed, texts: .all)
        case 10009: TagRule(places: 1...1, slot: .group, texts: .all)
        default: TagRule(places: 1...1, slot: .reference, texts: .relayURLs)
        }
    }

    private static func relaySlot(_ kind: UInt16) -> RelaySlot {
        if kind == 10006 { return .blocked }
        return sets.contains(kind) ? .relaySet : .relayTag
    }

    private mutating func readElement(_ bytes: UnsafeBufferPointer<UInt8>, _ text: JSONText, _ rule: TagRule) {
        guard text.marks.contains(.escaped) else {
            return readElement(UnsafeBufferPointer(rebasing: bytes[text.range]), rule)
        }
        JSONString.decoded(bytes, text).withUnsafeBufferPointer { readElement($0, rule) }
    }

    private mutating func readElement(_ text: UnsafeBufferPointer<UInt8>, _ rule: TagRule) {
        switch rule.texts {
        case .all: break
        case .urls: guard ByteSearch.holdsURL(text) else { return }
        case .relayURLs:
            guard let colon = ByteSearch.colon(text, from: 0), ByteSearch.slashesFollow(text, colon),
                ByteSearch.relayScheme(text, before: colon) != nil
            else { return }
        }
        take(text, rule.slot)
    }

    /// A zap receipt carries the request as JSON text. Whoever made it is foreign to the archive's checks.
    private mutating func readZapRequest(_ json: [UInt8]) {
        json.withUnsafeBufferPointer { bytes in
            do throws(JSONFault) {
                try readObject(bytes) { (reader, scanner, key) throws(JSONFault) in
                    guard key == "tags" else { return try scanner.skipValue(depth: Self.maxDepth) }
                    try reader.readTags(&scanner, 9734)
                }
            } catch { mentions.reject("bad_json") }
        }
    }
}
