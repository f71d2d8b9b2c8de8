import Nostr

/// What a list of spellings comes to: relays in the order in which they first appear, and how each is written.
struct ListedRelays: Sendable {
    /// One relay.
    struct Entry: Sendable, Equatable {
        var url: RelayURL
        /// Distinct, in order.
        var spellings: [String]
    }

    /// Each relay once. The same list gives the same order, so that a place in it can be remembered.
    private(set) var entries: [Entry] = []
    /// Spellings that are relays, repetitions included.
    private(set) var mentions = 0
    /// How many were left out for which reason.
    private(set) var rejected: [String: Int] = [:]

    private var places: [RelayURL: Int] = [:]

    /// Reads a list, each text by the rules for events.
    init(_ texts: [String], _ reader: inout RelayMentionReader) {
        for text in texts {
            switch reader.read(text: text) {
            case .rejected(let reason): rejected[reason, default: 0] += 1
            case .relay(let url, let spelling): add(url, spelling)
            }
        }
    }

    /// What a run that stores all of it has to tell, but for what the database says to it.
    func report(slot: String) -> SourceReport {
        SourceReport(mentions: mentions, rejected: rejected, places: mentions > 0 ? [slot: mentions] : [:])
    }

    private mutating func add(_ url: RelayURL, _ spelling: String) {
        mentions += 1
        guard let place = places[url] else {
            places[url] = entries.count
            return entries.append(Entry(url: url, spellings: [spelling]))
        }
        if !entries[place].spellings.contains(spelling) { entries[place].spellings.append(spelling) }
    }
}
