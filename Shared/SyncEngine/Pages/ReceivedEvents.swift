internal import Crypto
internal import Database
internal import Nostr

/// The events of a page with what is known of each, and what becomes of them by their signatures. Pure.
///
/// One key has many valid signatures of one event. The first one that is right stays, wherever the others come from:
/// they make sightings as it does, and are counted.
struct ReceivedEvents: Sendable {
    /// One event as received.
    struct Copy: Sendable {
        /// What the archive has of it.
        enum Standing: Sendable {
            case unknown
            /// The page before had it: it is valid, and on its way to the tables.
            case shownBefore
            case stored(KnownEvent)
        }

        let item: FetchedPage.Item
        let standing: Standing
        /// Nobody has verified this signature of it.
        let isUnverified: Bool

        /// The archive lacks it.
        fileprivate var isUnknown: Bool { if case .unknown = standing { true } else { false } }
    }

    /// What became of a page.
    struct Verdict: Sendable {
        /// Valid events, no id twice.
        var valid: [Copy] = []
        /// Copies whose signature is wrong.
        var forged: [FetchedPage.Item] = []
        /// Valid signatures of events that have another one.
        var secondSignatures = 0
        /// Hashes of the signatures of what is valid, by id. They are keyed by the process, so that nobody can aim at
        /// one; whole signatures would be most of what a followed relay keeps in memory.
        var signatures: [EventID: Int] = [:]
    }

    private var copies: [Copy] = []

    init(capacity: Int) { copies.reserveCapacity(capacity) }

    /// An event that the page before had under the signature of this hash.
    mutating func add(_ item: FetchedPage.Item, shownUnder signature: Int) {
        let isUnverified = item.event.signature.hashValue != signature
        copies.append(Copy(item: item, standing: .shownBefore, isUnverified: isUnverified))
    }

    /// An event that was looked up.
    mutating func add(_ item: FetchedPage.Item, _ known: KnownEvent?) {
        copies.append(
            Copy(
                item: item, standing: known.map(Copy.Standing.stored) ?? .unknown,
                isUnverified: known?.hasOtherSignature ?? true))
    }

    /// What has to be verified.
    var unverified: [ParsedEvent] { copies.compactMap { $0.isUnverified ? $0.item.event : nil } }

    /// What becomes of them, by whether each that has to be verified is valid.
    func judged(_ isValid: [Bool]) -> Verdict {
        var verdict = Verdict()
        var answers = isValid.makeIterator()
        for copy in copies {
            let event = copy.item.event
            if copy.isUnverified, answers.next() != true {
                verdict.forged.append(copy.item)
                continue
            }
            let isFirst = verdict.signatures[event.id] == nil
            if copy.isUnverified, !isFirst || !copy.isUnknown { verdict.secondSignatures += 1 }
            guard isFirst else { continue }
            verdict.signatures[event.id] = event.signature.hashValue
            verdict.valid.append(copy)
        }
        return verdict
    }
}
