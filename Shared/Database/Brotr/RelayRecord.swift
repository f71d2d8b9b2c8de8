public import Nostr

/// A relay to be stored.
public struct RelayRecord: Hashable, Sendable {
    /// Canonical.
    public var url: RelayURL
    /// When we learnt of it; counts only if the relay is new.
    public var insertedAt: UnixTime

    /// Direct form.
    public init(url: RelayURL, insertedAt: UnixTime) {
        self.url = url
        self.insertedAt = insertedAt
    }

    /// What became of a list of texts.
    public struct List: Sendable, Equatable {
        /// One for each relay, in the order of their first mention.
        public var records: [RelayRecord] = []
        /// Texts that are no relay's URL, by their place in the list (from 0).
        public var rejected: [RelayList.Rejected] = []
        /// Further spellings of relays already in `records`.
        public var duplicates = 0
    }

    /// Normalises texts to relays: nothing is dropped without a reason.
    public static func build(urls: some Sequence<String>, at time: UnixTime) -> List {
        var list = RelayList()
        for (place, text) in urls.enumerated() { list.add(text, place: place) }
        return List(
            records: list.relays.map { RelayRecord(url: $0, insertedAt: time) }, rejected: list.rejected,
            duplicates: list.duplicates)
    }
}

/// A relay as stored.
public struct StoredRelay: Hashable, Sendable {
    /// Its short key.
    public var relay: RelayID
    /// It was not known before.
    public var isNew: Bool

    /// Direct form.
    public init(relay: RelayID, isNew: Bool) {
        self.relay = relay
        self.isNew = isNew
    }
}

/// One check of a relay. Documents are stored once, however often they are seen.
public struct RelayMetadata: Sendable {
    /// Which relay.
    public var relay: RelayRecord
    /// When the check was made.
    public var generatedAt: UnixTime
    /// The NIP-11 body as received, at most 262,144 bytes; nil without one.
    public var nip11Raw: [UInt8]?
    /// Its columns by name, a JSON object.
    public var nip11: [UInt8]?
    /// The measurement, a JSON object; nil without one.
    public var nip66: [UInt8]?
    /// Why there is no NIP-11 document; nil when there is one or none was asked for.
    public var nip11Error: String?
    /// Why there is no measurement.
    public var nip66Error: String?

    /// A check that gave nothing yet.
    public init(relay: RelayRecord, generatedAt: UnixTime) {
        self.relay = relay
        self.generatedAt = generatedAt
    }
}
