import Nostr
import Settings

/// The file of the priority list, read again and again. A file that cannot be read leaves what it said last.
struct PriorityListFile: Sendable {
    /// Most bytes: as many relays as the list takes, with the longest URLs, and comments.
    static let maxBytes = 24 << 20

    /// Where it is.
    let path: String
    /// Whether reserved addresses and local names are relays.
    let allowsLocal: Bool
    /// What it said when it was last read.
    private(set) var list: RelayList?
    private var bytes: [UInt8]?

    /// A file that was not read yet.
    init(path: String, allowsLocal: Bool) {
        self.path = path
        self.allowsLocal = allowsLocal
    }

    /// Reads it again.
    /// - Returns: whether it says something else than before.
    /// - Throws: when it is missing, unreadable or too large; the list then stays.
    mutating func read() throws(SettingsError) -> Bool {
        let found = try SettingsFile.bytes(of: path, maxBytes: Self.maxBytes)
        guard found != bytes else { return false }
        bytes = found
        list = RelayList(lines: found, allowsLocal: allowsLocal, limit: PriorityListPlan.limit)
        return true
    }
}
