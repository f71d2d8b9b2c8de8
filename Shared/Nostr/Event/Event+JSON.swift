public import Crypto

extension Event {
    /// The event as one JSON object (NIP-01): the bytes as received where they were kept, else written anew without
    /// blanks, in the order id, pubkey, created_at, kind, tags, content, sig.
    public var json: [UInt8] {
        if let raw { return raw }
        var output: [UInt8] = []
        output.reserveCapacity(tagsJSON.count + content.count + 400)
        output.append(contentsOf: "{\"id\":\"".utf8)
        id.withUnsafeBytes { Hex.append($0, to: &output) }
        output.append(contentsOf: "\",\"pubkey\":\"".utf8)
        pubkey.withUnsafeBytes { Hex.append($0, to: &output) }
        output.append(contentsOf: "\",\"created_at\":".utf8)
        Decimal.append(createdAt.seconds, to: &output)
        output.append(contentsOf: ",\"kind\":".utf8)
        Decimal.append(Int64(kind), to: &output)
        output.append(contentsOf: ",\"tags\":".utf8)
        appendCanonicalTags(.json, to: &output)
        output.append(contentsOf: ",\"content\":\"".utf8)
        CanonicalJSON.appendString(content, to: &output)
        output.append(contentsOf: "\",\"sig\":\"".utf8)
        signature.withUnsafeBytes { Hex.append($0, to: &output) }
        output.append(contentsOf: "\"}".utf8)
        return output
    }

    /// The id that the columns give, computed anew; equal to `id` unless something was lost on the way.
    ///
    /// `tagsJSON` may have been through jsonb, which spells the same strings with other blanks and escapes.
    public func recomputedID() -> EventID {
        if let raw { return Self.recomputedID(ofRaw: raw, dialect) }
        var text = CanonicalJSON.head(pubkey: pubkey, createdAt: createdAt, kind: kind)
        appendCanonicalTags(dialect, to: &text)
        text.append(contentsOf: ",\"".utf8)
        CanonicalJSON.appendString(content, dialect: dialect, to: &text)
        text.append(contentsOf: "\"]".utf8)
        return SHA256.hash(text)
    }

    /// The tags as lists of strings.
    ///
    /// Compare elements by their `utf8`: Swift's `==` on strings takes different code points for the same character.
    public var tags: [[String]] {
        tagsJSON.withUnsafeBufferPointer { bytes in
            var tags: [[String]] = []
            var scanner = JSONScanner(bytes)
            var isInside = false
            while scanner.position < bytes.count {
                if scanner.current == UInt8(ascii: "\""), let text = try? scanner.string(), !tags.isEmpty {
                    tags[tags.count - 1].append(String(decoding: JSONString.decoded(bytes, text), as: UTF8.self))
                    continue
                }
                // Every bracket that opens begins a tag, but for the first, which opens the array.
                if scanner.current == UInt8(ascii: "[") {
                    if isInside { tags.append([]) }
                    isInside = true
                }
                scanner.position += 1
            }
            return tags
        }
    }

    private func appendCanonicalTags(_ dialect: IDDialect, to output: inout [UInt8]) {
        tagsJSON.withUnsafeBufferPointer { bytes in
            CanonicalJSON.appendTags(bytes, 0..<bytes.count, dialect: dialect, to: &output)
        }
    }

    private static func recomputedID(ofRaw raw: [UInt8], _ dialect: IDDialect) -> EventID {
        raw.withUnsafeBufferPointer { bytes in
            var reader = EventReader(bytes, limits: .ofArchive)
            var parser = EventParser()
            // Bytes that are no event any more give an id that no event has.
            guard let event = try? reader.read() else { return .zero }
            return parser.computeID(event, bytes, dialect)
        }
    }
}
