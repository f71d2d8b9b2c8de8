/// Relays out of texts, each once, in the order of their first mention: nothing is dropped without a reason.
public struct RelayList: Sendable, Equatable {
    /// A text that is no relay.
    public struct Rejected: Sendable, Equatable {
        /// Where it stood in its source: of a list its place from 0, of a file its line from 1.
        public var place: Int
        /// Stable name in snake_case: a kind of `RelayURLError`, or the caller's own.
        public var reason: String

        /// Direct form.
        public init(place: Int, reason: String) {
            self.place = place
            self.reason = reason
        }
    }

    /// Distinct relays.
    public private(set) var relays: [RelayURL] = []
    /// Texts that were left out, in the order they were added.
    public private(set) var rejected: [Rejected] = []
    /// Further spellings of relays already in `relays`.
    public private(set) var duplicates = 0

    private var seen: Set<RelayURL> = []

    /// No relays.
    public init() {}

    /// Adds a relay, a duplicate or a rejection.
    /// - Parameters:
    ///   - allowsLocal: reserved addresses and local names are relays too; otherwise `local_address`.
    ///   - limit: relays at most; a further one is `over_limit`.
    public mutating func add(_ text: String, place: Int, allowsLocal: Bool = true, limit: Int = .max) {
        let relay: RelayURL
        do throws(RelayURLError) { relay = try RelayURL.parse(text) } catch {
            return reject(place: place, reason: error.kind)
        }
        guard allowsLocal || relay.network != .local else { return reject(place: place, reason: "local_address") }
        guard !seen.contains(relay) else { return duplicates += 1 }
        guard relays.count < limit else { return reject(place: place, reason: "over_limit") }
        seen.insert(relay)
        relays.append(relay)
    }

    /// Adds a rejection of the caller's own.
    public mutating func reject(place: Int, reason: String) {
        rejected.append(Rejected(place: place, reason: reason))
    }

    /// How many were left out for which reason.
    public static func reasons(_ rejected: [Rejected]) -> [String: Int] {
        Dictionary(rejected.map { ($0.reason, 1) }, uniquingKeysWith: +)
    }
}
