// NIP-67: EOSE Completeness Hint. https://github.com/nostr-protocol/nips/blob/master/67.md

/// What a relay says with its end of stored events. No hint says nothing: the relay may or may not hold more.
public enum EOSEHint: String, Sendable, Equatable {
    /// Everything that matches was sent.
    case finish
    /// There is more behind the relay's limit: ask for the next page.
    case more
}
