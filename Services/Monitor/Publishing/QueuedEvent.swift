import Crypto
import Nostr

/// An event as the queue takes it: fixed but for its time, which is that of the check, and its signature.
struct QueuedEvent: Sendable, Equatable {
    /// Its kind: replaceable or addressable, so that a newer one takes its place.
    var kind: UInt16
    /// Its tag `d`; empty for replaceable kinds.
    var identifier: String
    var tags: [[String]]
    var content: String
    /// Over author, kind and all that is not measured anew each time.
    var digest: Bytes32
    /// An event of the same digest is left out until the last one is so old.
    var refresh: Duration
    /// Who is to get it.
    var targets: [RelayURL]

    /// The parameter of `queue_event`.
    var json: [UInt8] {
        JSONValue.object([
            .init("kind", .integer(kind)), .init("identifier", .string(identifier)),
            .init("tags", .array(tags.map { .array($0.map(JSONValue.string)) })), .init("content", .string(content)),
            .init("digest", .string(digest.hex)), .init("refresh", .integer(refresh.milliseconds / 1000)),
            .init("targets", .array(targets.map { .string($0.text) })),
        ]).encode()
    }

    /// SHA-256 over the canonical text of an event of this author without a time.
    static func digest(author: PublicKey, kind: UInt16, tags: [[String]], content: String) -> Bytes32 {
        UnsignedEvent(createdAt: UnixTime(seconds: 0), kind: kind, tags: tags, content: content).id(pubkey: author)
    }
}
