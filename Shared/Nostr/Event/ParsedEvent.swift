/// An event read in place: decoded small fields, and where tags and content stand in the bytes it was read from.
///
/// Its id is proven to be the hash of the event; its signature is not checked. It is small and holds no reference, so
/// an event that is already stored costs no allocation.
public struct ParsedEvent: Sendable, Equatable {
    /// The id, which is the hash of the canonical form in `dialect`.
    public let id: EventID
    /// The author.
    public let pubkey: PublicKey
    /// When the author says the event was made: 0 or later.
    public let createdAt: UnixTime
    /// 0...65535.
    public let kind: UInt16
    /// The signature as sent; unchecked.
    public let signature: Signature
    /// Where the JSON of `tags` stands in the given bytes, brackets included.
    public let tags: Range<Int>
    /// Where the inside of the string `content` stands in the given bytes, without quotes and still escaped.
    public let content: Range<Int>
    /// How the writer spelled control characters.
    public internal(set) var dialect: IDDialect
    /// True when some tag has no element at all: NIP-01 forbids it, but the id is reproducible, so it is kept.
    public let hasEmptyTag: Bool

    /// What the writer used in the strings of tags and in content.
    let tagsMarks: JSONText.Marks
    let contentMarks: JSONText.Marks
    /// Blanks stand between the tags' tokens.
    let tagsHaveBlanks: Bool
    /// Where the event object ends; the bytes it is used with later must reach so far.
    let end: Int

    /// True when the text holds U+0000, which PostgreSQL's text and jsonb cannot: such an event keeps its raw bytes.
    public var hasNUL: Bool { tagsMarks.union(contentMarks).contains(.nul) }

    /// True when the bytes of tags and content as received are the canonical ones.
    var isCanonical: Bool { !tagsHaveBlanks && !tagsMarks.union(contentMarks).contains(.rewritten) }
}
