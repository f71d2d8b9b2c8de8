import Nostr

/// What one call stores: relays, how they were written, where they stood and who wrote it, each combination once.
struct CandidateBatch: Sendable, Equatable {
    /// How a relay was written; relays by their place in `relays`, from 0.
    struct Spelling: Hashable, Sendable {
        var relay: Int
        var text: String
    }

    /// Where a relay stood.
    struct Place: Hashable, Sendable {
        var relay: Int
        var slot: String
    }

    /// Who put it there: the first 8 bytes of a public key.
    struct Author: Hashable, Sendable {
        var place: Place
        var author: Int64
    }

    /// Distinct.
    private(set) var relays: [RelayURL] = []
    /// How often each spelling was read.
    private(set) var spellings: [Spelling: Int32] = [:]
    /// In how many events, or answers, each relay stood there.
    private(set) var places: [Place: Int32] = [:]
    /// Who named it there.
    private(set) var authors: Set<Author> = []

    private var numbers: [RelayURL: Int] = [:]

    /// Adds what one event names. What it repeats counts once.
    /// - Parameter author: nil where nobody signs.
    mutating func add(_ mentions: [RelayMentions.Mention], author: Int64?) {
        var seenHere: Set<Place> = []
        for mention in Set(mentions) {
            let relay = number(mention.url)
            spellings[Spelling(relay: relay, text: mention.spelling), default: 0] += 1
            let place = Place(relay: relay, slot: mention.slot.rawValue)
            guard seenHere.insert(place).inserted else { continue }
            places[place, default: 0] += 1
            if let author { authors.insert(Author(place: place, author: author)) }
        }
    }

    /// Adds a relay that a list names, once for each way in which it is written there.
    mutating func add(_ entry: ListedRelays.Entry, slot: String) {
        let relay = number(entry.url)
        for text in entry.spellings { spellings[Spelling(relay: relay, text: text), default: 0] += 1 }
        places[Place(relay: relay, slot: slot), default: 0] += 1
    }

    private mutating func number(_ url: RelayURL) -> Int {
        if let number = numbers[url] { return number }
        numbers[url] = relays.count
        relays.append(url)
        return relays.count - 1
    }
}
