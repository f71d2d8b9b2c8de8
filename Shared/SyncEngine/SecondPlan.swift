public import Nostr

/// The decisions inside one crowded second: repeat the question until two answers add nothing; where an answer
/// is as large as the relay's cap, split it by kind, then by author.
///
/// A part that stays full after both splits cannot be read whole through pages and is reported as saturated.
public struct SecondPlan: Sendable {
    /// What a page of this second means.
    public enum Verdict: Sendable, Equatable {
        /// Another page is needed.
        case more
        /// The second was shown whole.
        case proven
        /// At least one part stayed full.
        case saturated
    }

    private struct Part: Sendable, Equatable {
        var kinds: [UInt16]?
        var authors: [PublicKey]?
    }

    /// No relay in use cuts its answers below this number of events.
    static let smallestCap = 50

    /// Answers after which a second counts as saturated: a visit has other things to do.
    static let mostAnswers = 1_000

    /// Kinds asked for in one REQ while looking for kinds not seen yet: about 24 kB of filter.
    static let kindsAPart = 4_096

    /// The second that is read.
    public let second: UnixTime

    private let whole: Part
    private var parts: [Part]
    private var partIDs: Set<EventID> = []
    private var partEvents: [EventStamp] = []
    private var quietAnswers = 0
    private var largestAnswer = 0
    private var smallestLimit = Int.max
    private var isSaturated = false
    /// Oldest second of the walk, where the page that ran into this one could have gone on below it.
    private let lo: UnixTime?
    /// Whether the question under way is about what lies below.
    private var asksBelow = false
    /// What the relay's answers turned out to be cut at, whatever it gave in other times.
    private var cutAt = Int.max
    /// Conclusive answers so far.
    private(set) var answers = 0

    /// What the page that ran into the second showed of it is not asked for again.
    /// - Parameters:
    ///   - archive: which events are asked for; every part lies within.
    ///   - lo: how far down that page could have gone: where it stopped in this second and there is something below, it
    ///     was cut. Nil for a page of this second alone.
    public init(second: UnixTime, firstPage: [EventStamp], archive: ArchiveFilter, lo: UnixTime? = nil) {
        self.second = second
        self.lo = lo
        whole = Part(kinds: archive.kinds, authors: archive.authors)
        parts = [whole]
        add(firstPage)
        largestAnswer = firstPage.count
    }

    /// The page to ask for next.
    public func request(limit: Int) -> PageRequest {
        let part = parts.last ?? Part()
        if asksBelow, let lo {
            return PageRequest(since: lo.seconds > 0 ? lo : nil, until: second.moved(by: -1), limit: 1)
        }
        return PageRequest(since: second, until: second, limit: limit, kinds: part.kinds, authors: part.authors)
    }

    /// Takes one conclusive answer in.
    /// - Parameters:
    ///   - limit: what was asked for; an answer that large may be cut.
    ///   - capSeen: the largest conclusive page this relay ever gave; an answer that large may be cut too.
    public mutating func absorb(_ facts: PageFacts, limit: Int, capSeen: Int) -> Verdict {
        answers += 1
        guard answers < Self.mostAnswers else { return .saturated }
        if asksBelow { return absorbBelow(facts) }
        let added = add(facts.events)
        // What lies outside the second was not cut inside it, and does not count against the cap.
        largestAnswer = max(largestAnswer, facts.received - facts.older - facts.newer)
        smallestLimit = min(smallestLimit, limit)
        quietAnswers = added ? 0 : quietAnswers + 1
        guard quietAnswers >= 2 else { return .more }
        if Self.mayBeCut(largestAnswer, limit: smallestLimit, capSeen: min(capSeen, cutAt)) {
            split()
        } else if parts == [whole], let lo, second > lo, largestAnswer >= Self.smallestCap {
            asksBelow = true
            return .more
        } else {
            parts.removeLast()
        }
        beginPart()
        return verdict
    }

    /// A relay may have lowered its cap since it gave its largest page: an answer that ends inside this second, with
    /// something left below, is as large as answers get.
    private mutating func absorbBelow(_ facts: PageFacts) -> Verdict {
        asksBelow = false
        if facts.isEmpty {
            parts.removeLast()
        } else {
            cutAt = largestAnswer
            split()
        }
        beginPart()
        return verdict
    }

    private var verdict: Verdict {
        guard parts.isEmpty else { return .more }
        return isSaturated ? .saturated : .proven
    }

    /// An answer as large as was asked for may have been cut, and so may one near the largest ever seen: that one may
    /// have held live events beside the relay's cap.
    static func mayBeCut(_ answer: Int, limit: Int, capSeen: Int) -> Bool {
        answer >= min(limit, max(capSeen / 2, smallestCap))
    }

    @discardableResult
    private mutating func add(_ events: [EventStamp]) -> Bool {
        let before = partIDs.count
        for event in events where event.createdAt == second && partIDs.insert(event.id).inserted {
            partEvents.append(event)
        }
        return partIDs.count > before
    }

    private mutating func beginPart() {
        partIDs.removeAll(keepingCapacity: true)
        partEvents.removeAll(keepingCapacity: true)
        quietAnswers = 0
        largestAnswer = 0
        smallestLimit = .max
    }

    /// Replaces the part in hand by narrower ones: a second by kinds, several kinds by the kinds seen and the rest, one
    /// kind by its authors. A full answer that shows nothing of the part is not about the part: narrower ones would
    /// be answered alike.
    private mutating func split() {
        guard let part = parts.popLast() else { return }
        if let kinds = part.kinds, kinds.count == 1 {
            splitByAuthors(part)
        } else if part.kinds != nil, partEvents.isEmpty {
            isSaturated = true
        } else {
            splitByKinds(part)
        }
    }

    private mutating func splitByKinds(_ part: Part) {
        let seen = Set(partEvents.map(\.kind))
        let unseen = (part.kinds ?? Array(UInt16.min...UInt16.max)).filter { !seen.contains($0) }
        parts += stride(from: 0, to: unseen.count, by: Self.kindsAPart).map {
            Part(kinds: Array(unseen[$0..<min($0 + Self.kindsAPart, unseen.count)]), authors: part.authors)
        }
        parts += seen.sorted().map { Part(kinds: [$0], authors: part.authors) }
    }

    /// Authors not seen can be asked for only where the filter names all of them; elsewhere this step never proves.
    private mutating func splitByAuthors(_ part: Part) {
        let seen = Set(partEvents.map(\.pubkey))
        let unseen = part.authors?.filter { !seen.contains($0) }
        guard part.authors?.count != 1, !seen.isEmpty else {
            isSaturated = true
            return
        }
        if let unseen, !unseen.isEmpty { parts.append(Part(kinds: part.kinds, authors: unseen)) }
        if unseen == nil { isSaturated = true }
        // By halves: one author at a time would be hundreds of questions where two or four are enough.
        let (all, middle) = (seen.sorted(), seen.count / 2)
        for half in [all[middle...], all[..<middle]] where !half.isEmpty {
            parts.append(Part(kinds: part.kinds, authors: Array(half)))
        }
    }
}
