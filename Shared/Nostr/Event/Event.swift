public import Crypto

/// An event as the columns of the archive hold it.
///
/// `tagsJSON` and `content` are what PostgreSQL's jsonb and text can take. Where the event has U+0000, which they
/// cannot, they carry U+FFFD in its place and `raw` has the JSON as received; no valid event is dropped or altered.
public struct Event: Sendable, Equatable {
    /// The hash of the canonical form in `dialect`.
    public let id: EventID
    /// The author.
    public let pubkey: PublicKey
    /// When the author says the event was made.
    public let createdAt: UnixTime
    /// 0...65535.
    public let kind: UInt16
    /// The author's signature over the id.
    public let signature: Signature
    /// The JSON text of the tags. As the parser makes it, it is the canonical text of dialect `json`.
    public let tagsJSON: [UInt8]
    /// The content in UTF-8.
    public let content: [UInt8]
    /// The whole JSON as received, only when the columns cannot hold the event.
    public let raw: [UInt8]?
    /// How the writer spelled control characters.
    public let dialect: IDDialect
    /// When the event wishes to expire (NIP-40); nil when it does not say.
    public let expiresAt: UnixTime?
    /// The index keys of its one-letter tags: sorted, distinct (`TagKey`).
    public let tagKeys: [Int64]
    /// What it is a version of, for replaceable and addressable kinds; nil for the others.
    public let address: AddressKey?
    /// What it asks to delete; only kinds 5 and 62 have any.
    public let tombstones: [Tombstone]

    /// An event from its columns. What is derived may be left out where it is not needed, as when reading back.
    public init(
        id: EventID, pubkey: PublicKey, createdAt: UnixTime, kind: UInt16, signature: Signature, tagsJSON: [UInt8],
        content: [UInt8], raw: [UInt8]? = nil, dialect: IDDialect = .json, expiresAt: UnixTime? = nil,
        tagKeys: [Int64] = [], address: AddressKey? = nil, tombstones: [Tombstone] = []
    ) {
        self.id = id
        self.pubkey = pubkey
        self.createdAt = createdAt
        self.kind = kind
        self.signature = signature
        self.tagsJSON = tagsJSON
        self.content = content
        self.raw = raw
        self.dialect = dialect
        self.expiresAt = expiresAt
        self.tagKeys = tagKeys
        self.address = address
        self.tombstones = tombstones
    }
}

extension Event {
    /// True when the author signed the id. Costs about 50 microseconds.
    public func hasValidSignature(_ verifier: SchnorrVerifier) -> Bool {
        verifier.isValid(signature: signature, message: id, publicKey: pubkey)
    }
}

extension ParsedEvent {
    /// True when the author signed the id. Costs about 50 microseconds: ask first whether the id is already known.
    public func hasValidSignature(_ verifier: SchnorrVerifier) -> Bool {
        verifier.isValid(signature: signature, message: id, publicKey: pubkey)
    }
}
