public import Crypto

/// What an author wants to say, before it has an id and a signature (NIP-01).
public struct UnsignedEvent: Sendable {
    /// When it is made.
    public var createdAt: UnixTime
    /// 0...65535.
    public var kind: UInt16
    /// Tags, each a list of strings.
    public var tags: [[String]]
    /// Any text.
    public var content: String

    /// An event without id, author and signature.
    public init(createdAt: UnixTime, kind: UInt16, tags: [[String]] = [], content: String = "") {
        self.createdAt = createdAt
        self.kind = kind
        self.tags = tags
        self.content = content
    }

    /// The event of the key's owner, its id in the dialect that most software understands.
    ///
    /// `auxiliary` is the extra randomness of the signature: fresh when nil, given bytes make it repeatable.
    public func sign(with key: SecretKey, auxiliary: Bytes32? = nil) -> Event {
        let parts = canonicalParts(pubkey: key.publicKey, .json)
        let signature = key.sign(message: parts.id, auxiliary: auxiliary)
        let json = parts.object(pubkey: key.publicKey, self, signature)
        return json.withUnsafeBufferPointer { bytes in
            var reader = EventReader(bytes, limits: .anySize)
            guard let event = try? reader.read() else { preconditionFailure("our own writer writes events") }
            return event.materialised(from: bytes)
        }
    }

    /// The id that the event has in a dialect when this author writes it.
    public func id(pubkey: PublicKey, dialect: IDDialect = .json) -> EventID {
        canonicalParts(pubkey: pubkey, dialect).id
    }

    private func canonicalParts(pubkey: PublicKey, _ dialect: IDDialect) -> CanonicalParts {
        var parts = CanonicalParts()
        for tag in tags {
            parts.tags.append(parts.tags.isEmpty ? UInt8(ascii: "[") : UInt8(ascii: ","))
            CanonicalJSON.appendArray(tag, dialect: dialect, to: &parts.tags)
        }
        parts.tags.append(contentsOf: (tags.isEmpty ? "[]" : "]").utf8)
        CanonicalJSON.appendString(content.utf8, dialect: dialect, to: &parts.content)
        var text = CanonicalJSON.head(pubkey: pubkey, createdAt: createdAt, kind: kind)
        text.append(contentsOf: parts.tags)
        text.append(contentsOf: ",\"".utf8)
        text.append(contentsOf: parts.content)
        text.append(contentsOf: "\"]".utf8)
        parts.id = SHA256.hash(text)
        return parts
    }
}

/// Tags and content in canonical form and the id they give.
private struct CanonicalParts {
    var id = EventID.zero
    var tags: [UInt8] = []
    var content: [UInt8] = []

    /// The whole event as one JSON object.
    func object(pubkey: PublicKey, _ event: UnsignedEvent, _ signature: Signature) -> [UInt8] {
        var text = Array("{\"id\":\"\(id.hex)\",\"pubkey\":\"\(pubkey.hex)\",\"created_at\":".utf8)
        Decimal.append(event.createdAt.seconds, to: &text)
        text.append(contentsOf: ",\"kind\":\(event.kind),\"tags\":".utf8)
        text.append(contentsOf: tags)
        text.append(contentsOf: ",\"content\":\"".utf8)
        text.append(contentsOf: content)
        text.append(contentsOf: "\",\"sig\":\"\(signature.hex)\"}".utf8)
        return text
    }
}
