public import Settings

/// What Brotr needs of core/brotr.yaml: sections `pool`, `batch`, `procedures`, `timeouts`.
public struct BrotrSettings: SettingsSection {
    /// Where the database is and how many connections.
    public var pool = PoolSettings()
    /// How much one call may hold.
    public var batch = BatchSettings()
    /// Names of the stored functions.
    public var procedures = ProcedureNames()
    /// Deadlines of the client.
    public var timeouts = BrotrTimeouts()

    /// All defaults.
    public init() {}

    /// Sections of core/brotr.yaml that are not Brotr's.
    public static let otherSections: Set<String> = [
        "schema", "networks", "limits", "tls", "health", "shutdown", "logging",
    ]
    /// Sections of it that are Brotr's and not the pool's.
    static let sectionsBesidePool: Set<String> = ["batch", "procedures", "timeouts"]
}

/// Section `batch`.
public struct BatchSettings: SettingsSection {
    /// Rows a caller may hand over at once, 1 to 1,000,000. A ceiling against mistakes: it is cut into calls of
    /// `rowsPerCall`. Too large: memory.
    public var maxBatchSize = 10_000

    /// All defaults.
    public init() {}

    /// Rows of one call: more gain nothing and hold locks longer.
    public static let rowsPerCall = 1000

    /// Range.
    public func validate(into problems: inout Validation) {
        problems.check("max_batch_size", maxBatchSize, in: 1...1_000_000)
    }
}

/// Section `timeouts`: from sending a statement to its end; then the server is told to stop.
public struct BrotrTimeouts: SettingsSection {
    /// Reads and single writes. Too small: large reads never end.
    public var query: Seconds = 60
    /// Calls of stored functions.
    public var procedure: Seconds = 90
    /// Calls that store a batch. Too small: a slow disk makes every batch fail.
    public var batch: Seconds = 120

    /// All defaults.
    public init() {}

    /// Ranges.
    public func validate(into problems: inout Validation) {
        problems.check("query", query, in: 0.1...3600)
        problems.check("procedure", procedure, in: 0.1...3600)
        problems.check("batch", batch, in: 0.1...3600)
    }
}

/// Section `procedures`: the stored functions by what they do. The names become part of statements, so only
/// `[a-z_][a-z0-9_]*` is a name.
public struct ProcedureNames: SettingsSection {
    /// Stores one event and its sighting.
    public var insertEvent = "insert_event"
    /// Stores one relay.
    public var insertRelay = "insert_relay"
    /// Stores many relays.
    public var insertRelays = "insert_relays"
    /// Stores one check of a relay with its documents.
    public var insertRelayMetadata = "insert_relay_metadata"
    /// Deletes events that no relay has; one bounded batch a call.
    public var deleteOrphanEvents = "delete_orphan_events"
    /// Deletes NIP-11 documents that no check names.
    public var deleteOrphanNip11 = "delete_orphan_nip11"
    /// Deletes NIP-66 documents that no check names.
    public var deleteOrphanNip66 = "delete_orphan_nip66"
    /// Says which ids are stored.
    public var knownEvents = "known_events"
    /// Stores a batch of pages.
    public var commitPages = "commit_pages"

    /// All defaults.
    public init() {}

    /// Each must be a name.
    public func validate(into problems: inout Validation) {
        for (key, name) in keys where !Self.isName(name) {
            problems.require(
                false, key, given: String(name.prefix(64)), allowed: "[a-z_][a-z0-9_]*, 1 to 63 characters")
        }
    }

    /// Whether the text can stand in a statement without quotes.
    public static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 63 else { return false }
        let isLetter = { (byte: UInt8) in (97...122).contains(byte) || byte == 95 }
        return isLetter(first) && text.utf8.allSatisfy { isLetter($0) || (48...57).contains($0) }
    }

    /// Keys and names, as the file spells them.
    var keys: [(String, String)] {
        [
            ("insert_event", insertEvent), ("insert_relay", insertRelay), ("insert_relays", insertRelays),
            ("insert_relay_metadata", insertRelayMetadata), ("delete_orphan_events", deleteOrphanEvents),
            ("delete_orphan_nip11", deleteOrphanNip11), ("delete_orphan_nip66", deleteOrphanNip66),
            ("known_events", knownEvents), ("commit_pages", commitPages),
        ]
    }

    /// All names.
    public var all: [String] { keys.map(\.1) }
}
