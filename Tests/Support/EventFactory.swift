public import Crypto

/// Properly signed events from a seed, with the mix of kinds and sizes that an archive sees: notes, reactions, zaps,
/// reposts,
/// profiles, relay lists, contact lists and articles; emoji, CJK, escapes; 1.4 kB on average.
///
/// It writes JSON and the canonical form by itself and shares nothing with the parser but SHA-256 and the signature,
/// so that
/// tests compare two independent readings of NIP-01. Replaceable events come from an author each and articles have a
/// `d` of
/// their own: a relay that keeps only the newest version still holds every one of them.
public struct EventFactory: Sendable {
    /// The second of the next event, in Unix seconds; moves on by itself. Set it to jump.
    public var createdAt: Int64
    /// How many events share a second. Raise it for a crowded second, set it back for the rest.
    public var eventsPerSecond: Int
    var random: SplitMix64
    let seed: UInt64
    private let authors: [SecretKey]
    private var inSecond = 0
    private(set) var serial = 0

    /// - Parameter authors: how many keys write the notes and reactions.
    public init(seed: UInt64, createdAt: Int64 = 1_700_000_000, eventsPerSecond: Int = 3, authors: Int = 50) {
        self.seed = seed
        self.createdAt = createdAt
        self.eventsPerSecond = eventsPerSecond
        random = SplitMix64(seed: seed)
        self.authors = (0..<authors).compactMap { Self.key("author \($0) of \(seed)") }
    }

    /// The next events, oldest first.
    public mutating func events(_ count: Int) -> [SampleEvent] { (0..<count).map { _ in next() } }

    /// One more event of the mix.
    public mutating func next() -> SampleEvent {
        serial += 1
        if inSecond >= eventsPerSecond {
            createdAt += 1
            inSecond = 0
        }
        inSecond += 1
        let author = authors[Int.random(in: authors.indices, using: &random)]
        switch Int.random(in: 0..<1_000, using: &random) {
        case ..<420: return sign(kind: 1, tags: threadTags(), content: prose(20...480), by: author)
        case ..<700: return sign(kind: 7, tags: reactionTags(), content: reaction(), by: author)
        case ..<800: return sign(kind: 9735, tags: zapTags(), content: "", by: author)
        case ..<870: return sign(kind: 6, tags: reactionTags(), content: quoted(), by: author)
        case ..<930: return sign(kind: 0, tags: [], content: profile(), by: ownAuthor())
        case ..<960: return sign(kind: 10002, tags: relayTags(), content: "", by: ownAuthor())
        case ..<985: return sign(kind: 3, tags: contactTags(), content: "", by: ownAuthor())
        default: return sign(kind: 30023, tags: articleTags(), content: prose(6_000...9_500), by: author)
        }
    }

    /// An event of one's own wish, signed by the given author (by the first one without it), at the current second.
    public func sign(kind: UInt16, tags: [[String]], content: String, by author: SecretKey? = nil) -> SampleEvent {
        let author = author ?? authors[0]
        let key = author.publicKey
        var tagsJSON: [UInt8] = []
        JSONWriter.append(tags, to: &tagsJSON)
        var contentJSON: [UInt8] = []
        JSONWriter.append(content, to: &contentJSON)
        var canonical = [UInt8](#"[0,"\#(key.hex)",\#(createdAt),\#(kind),"#.utf8)
        canonical += tagsJSON + [UInt8(ascii: ",")] + contentJSON + [UInt8(ascii: "]")]
        let id = SHA256.hash(canonical)
        // No randomness: the same seed gives the same signatures.
        let signature = author.sign(message: id, auxiliary: .zero)
        let fields: [(name: String, value: [UInt8])] = [
            ("id", quote(id.hex)), ("pubkey", quote(key.hex)), ("created_at", [UInt8]("\(createdAt)".utf8)),
            ("kind", [UInt8]("\(kind)".utf8)), ("tags", tagsJSON), ("content", contentJSON),
            ("sig", quote(signature.hex)),
        ]
        let order = Self.keyOrders[serial % Self.keyOrders.count]
        var json: [UInt8] = []
        for field in order.map({ fields[$0] }) {
            json += [UInt8]((json.isEmpty ? "{" : ",").utf8) + quote(field.name) + [UInt8(ascii: ":")] + field.value
        }
        json.append(UInt8(ascii: "}"))
        return SampleEvent(id: id, publicKey: key, createdAt: createdAt, kind: kind, json: json)
    }

    /// An event under another signature that is as valid, since BIP-340 takes randomness.
    /// - Parameters:
    ///   - number: each gives a signature of its own.
    ///   - author: who signed it with `sign`; the first one without it.
    public func resign(_ event: SampleEvent, _ number: UInt8 = 1, by author: SecretKey? = nil) -> SampleEvent {
        event.signed((author ?? authors[0]).sign(message: event.id, auxiliary: SHA256.hash([number])))
    }

    /// The secret key of the n-th author of the notes.
    public func author(_ number: Int) -> SecretKey { authors[number % authors.count] }

    /// The orders of keys seen from strfry, from rust-nostr and from NIP-01's own text.
    private static let keyOrders = [[0, 1, 2, 3, 4, 5, 6], [5, 2, 0, 3, 1, 6, 4], [3, 0, 1, 2, 4, 5, 6]]

    private func quote(_ text: String) -> [UInt8] { [UInt8]("\"\(text)\"".utf8) }

    private static func key(_ name: String) -> SecretKey? { SecretKey(SHA256.hash([UInt8](name.utf8))) }

    private func ownAuthor() -> SecretKey { Self.key("own author \(serial) of \(seed)") ?? authors[0] }
}
