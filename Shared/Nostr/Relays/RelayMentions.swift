/// The relays that one event names, and what stands where a relay should and is none.
public struct RelayMentions: Sendable, Equatable {
    /// One relay in one slot.
    public struct Mention: Hashable, Sendable {
        /// The relay.
        public var url: RelayURL
        /// As it was written; the normal form where the writing held a password or a token.
        public var spelling: String
        /// Where it stood.
        public var slot: RelaySlot

        /// Direct form.
        public init(url: RelayURL, spelling: String, slot: RelaySlot) {
            self.url = url
            self.spelling = spelling
            self.slot = slot
        }
    }

    /// In the order of the event, repetitions included.
    public internal(set) var found: [Mention] = []
    /// How many were left out for which reason: a kind of `RelayURLError`, or one of `RelayMentionReader`'s own.
    public internal(set) var rejected: [String: Int] = [:]

    /// None.
    public init() {}

    mutating func reject(_ reason: String) { rejected[reason, default: 0] += 1 }
}
