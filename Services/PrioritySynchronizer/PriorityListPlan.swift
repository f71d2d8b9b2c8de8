import Nostr

/// Which relays have priority, out of what the sources say. Pure.
struct PriorityListPlan: Sendable, Equatable {
    /// Most relays of the list.
    static let limit = 10_000
    /// Most relays that one author adds: a list of thousands must not push out those of the others.
    static let relaysOfAuthor = 100

    /// A file that is named in the settings.
    enum File: Sendable, Equatable {
        /// No file is named.
        case none
        /// It was not read yet; nothing is known of what it lists.
        case unknown
        /// What it said when it was last read.
        case read(RelayList)
    }

    /// An `r` tag of an author's relay list (NIP-65).
    struct Mention: Sendable, Equatable {
        /// Whose, by number.
        var author: Int
        /// As written.
        var url: String
        /// The third element; nil without one.
        var marker: String?

        /// The author writes there: a tag without marker means both directions.
        var isWritten: Bool { marker == nil || marker == "" || marker == "write" }
    }

    /// The relays, each once: those of the file first, then those of the settings, then the authors'.
    private(set) var relays: [RelayURL] = []
    /// Relays of the settings and of authors that are not in the list, by reason.
    private(set) var leftOut: [String: Int] = [:]
    /// Whether relays that are not listed leave the lane. Not while a source is unknown: its relays would leave too.
    let mayTakeOut: Bool

    /// The list.
    /// - Parameters:
    ///   - urls: of the settings.
    ///   - mentions: of all listed authors, in order of author.
    ///   - allowsLocal: reserved addresses and local names are relays too.
    init(file: File, urls: [String], mentions: [Mention], allowsLocal: Bool) {
        mayTakeOut = file != .unknown
        var list = RelayList()
        if case .read(let found) = file {
            for (place, relay) in found.relays.enumerated() {
                list.add(relay.text, place: place, allowsLocal: allowsLocal, limit: Self.limit)
            }
        }
        for (place, url) in urls.enumerated() {
            list.add(url, place: place, allowsLocal: allowsLocal, limit: Self.limit)
        }
        var taken = (author: -1, relays: 0)
        for mention in mentions where mention.isWritten {
            if mention.author != taken.author { taken = (mention.author, 0) }
            taken.relays += 1
            guard taken.relays <= Self.relaysOfAuthor else {
                list.reject(place: mention.author, reason: "over_limit_of_author")
                continue
            }
            list.add(mention.url, place: mention.author, allowsLocal: allowsLocal, limit: Self.limit)
        }
        relays = list.relays
        leftOut = RelayList.reasons(list.rejected)
    }
}
