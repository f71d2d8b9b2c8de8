internal import Nostr

/// The decisions inside one crowded second: repeat the question until two answers add nothing; where an answer
/// is as large as the relay's cap, split it by kinds, then by authors.
///
/// A part whose answer is clearly smaller than what the relay has just given was not cut. Two such answers that agree
/// are believed, and where the part was shown by a question before, that is one of them. A part that stays full after
/// both splits cannot be read whole through pages and is reported as saturated.
struct SecondPlan: Sendable {
    /// What a page of this second means.
    enum Verdict: Sendable, Equatable {
        /// Another page is needed.
        case more
        /// The second was shown whole.
        case proven
        /// At least one part stayed full.
        case saturated
    }

    /// Some of the second's events.
    private struct Part: Sendable, Equatable {
        /// Ascending; nil for all.
        var kinds: [UInt16]?
        /// Likewise.
        var authors: [PublicKey]?

        func contains(_ event: EventStamp) -> Bool {
            kinds?.contains(event.kind) ?? true && authors?.contains(event.pubkey) ?? true
        }
    }

    /// What the question under way is about.
    private enum Question: Sendable {
        case part
        /// Whether there is anything below the second.
        case below
        case census
    }

    /// Few relays cut their answers below this number of events. What is smaller counts as whole unless there is a sign
    /// that it is not: a relay that has some events in all may have them in one second.
    static let smallestCap = 50

    /// Smaller answers than this are whole.
    static let smallestSuspect = 5

    /// Answers after which a second counts as saturated: a visit has other things to do.
    static let mostAnswers = 1_000

    /// Events above which a second counts as saturated: what was seen of it stays in memory until it is over, a few
    /// hundred bytes each.
    static let mostEvents = 20_000

    /// The second that is read.
    let second: UnixTime

    /// The kinds that the relay has, as far down as the walk goes; the seconds of a walk share it.
    private(set) var census: KindCensus?

    private let archive: ArchiveFilter
    /// Kinds that the walk has met.
    private let kindsMet: Set<UInt16>
    private let whole: Part
    private var parts: [Part]
    /// Whatever was seen of the second.
    private var known: [EventID: EventStamp] = [:]
    /// What the answers to the part in hand showed.
    private var partIDs: Set<EventID> = []
    private var partEvents: [EventStamp] = []
    private var quietAnswers = 0
    private var largestAnswer = 0
    private var smallestLimit = Int.max
    /// The largest answer about this second: what the relay gives now, whatever it gave in other times.
    private var capNow = 0
    private var isSaturated = false
    /// The second is divided although nothing says that its answer was cut, but that it is as large as the relay's
    /// answers get. What shows nothing new by that was whole.
    private var isGuess = false
    private var isSuspect = false
    /// Oldest second of the walk.
    private let lo: UnixTime
    /// Whether the page that ran into this second could have gone on below it.
    private let couldGoOn: Bool
    /// Earlier pages as large as the relay's largest went on below.
    private let isCapMet: Bool
    private var question = Question.part
    /// Conclusive answers so far.
    private(set) var answers = 0

    /// What they showed of the second, and the page that ran into it.
    var shown: WalkPlan.Seen {
        var shown = WalkPlan.Seen()
        (shown.pages, shown.items) = (answers + 1, known.count)
        return shown
    }

    /// What a page has shown of a second that it ran into.
    struct FirstPage: Sendable {
        /// Events of the second.
        var events: [EventStamp] = []
        /// It asked for the seconds below too: where it stopped in this one and there is something below, it was cut.
        var couldGoOn = false
        /// It was as large as the relay's answers get.
        var isCut = false
        /// Earlier pages as large as the relay's largest went on below.
        var isCapMet = false
    }

    /// What the page that ran into the second showed of it is not asked for again.
    /// - Parameters:
    ///   - lo: oldest second of the walk.
    ///   - archive: which events are asked for; every part lies within.
    ///   - kindsMet: by the walk so far, this second included.
    ///   - census: of the same walk, from an earlier second.
    init(
        second: UnixTime, lo: UnixTime, firstPage: FirstPage, archive: ArchiveFilter, kindsMet: Set<UInt16>,
        census: KindCensus?
    ) {
        self.second = second
        self.lo = min(lo, second)
        self.census = census
        self.archive = archive
        self.kindsMet = kindsMet
        couldGoOn = firstPage.couldGoOn
        isCapMet = firstPage.isCapMet
        whole = Part(kinds: archive.kinds, authors: archive.authors)
        parts = [whole]
        add(firstPage.events)
        largestAnswer = firstPage.events.count
        capNow = largestAnswer
        if firstPage.isCut { divide() }
    }

    /// The page to ask for next.
    func request(limit: Int) -> PageRequest {
        switch question {
        case .part:
            let part = parts.last ?? Part()
            return PageRequest(since: second, until: second, limit: limit, kinds: part.kinds, authors: part.authors)
        case .below: return PageRequest(since: lo.seconds > 0 ? lo : nil, until: second.moved(by: -1), limit: 1)
        case .census: return census?.request(limit: limit) ?? PageRequest(since: second, until: second, limit: limit)
        }
    }

    /// Takes one conclusive answer in.
    /// - Parameters:
    ///   - limit: what was asked for; an answer that large may be cut.
    ///   - capSeen: the largest conclusive page this relay ever gave; an answer that large may be cut too.
    mutating func absorb(_ facts: PageFacts, limit: Int, capSeen: Int) -> Verdict {
        answers += 1
        guard answers < Self.mostAnswers else { return .saturated }
        switch question {
        case .part: absorbPart(facts, limit: limit, capSeen: capSeen)
        case .below: absorbBelow(facts)
        case .census: absorbCensus(facts, limit: limit, capSeen: capSeen)
        }
        guard parts.isEmpty else { return known.count <= Self.mostEvents ? .more : .saturated }
        return isSaturated ? .saturated : .proven
    }

    private mutating func absorbPart(_ facts: PageFacts, limit: Int, capSeen: Int) {
        // What lies outside the second was not cut inside it, and does not count against the cap.
        largestAnswer = max(largestAnswer, facts.received - facts.older - facts.newer)
        capNow = max(capNow, largestAnswer)
        smallestLimit = min(smallestLimit, limit)
        let agrees = agrees(facts.events)
        let isNew = add(facts.events)
        quietAnswers = isNew ? 0 : quietAnswers + 1
        if isGuess, isNew {
            divideAnew()
        } else if parts.last == whole {
            absorbWhole(capSeen: capSeen)
        } else if largestAnswer >= min(limit, capNow - capNow / 20) {
            // A few events that came live may have been added to the answer that showed the cap.
            divide()
        } else if agrees || quietAnswers >= 2 {
            leavePart()
        }
    }

    private mutating func absorbWhole(capSeen: Int) {
        guard quietAnswers >= 2 else { return }
        isSuspect = largestAnswer >= max(capSeen / 2, Self.smallestSuspect)
        if Self.mayBeCut(largestAnswer, limit: smallestLimit, capSeen: capSeen) {
            divide()
        } else if couldGoOn, second > lo, isSuspect || largestAnswer >= Self.smallestCap {
            question = .below
        } else {
            leaveWhole()
        }
    }

    private mutating func leaveWhole() {
        guard isSuspect else { return leavePart() }
        // Where nobody asked whether anything stands below, nothing would tell that it was cut; and where earlier pages
        // of that size went on below, it was.
        isGuess = couldGoOn && second > lo && !isCapMet
        divide()
    }

    /// A narrower question showed what the whole one had not: that one was cut.
    private mutating func divideAnew() {
        isGuess = false
        leavePart()
        parts = [whole]
        partEvents = Array(known.values)
        partIDs = Set(known.keys)
        divide()
    }

    private mutating func absorbBelow(_ facts: PageFacts) {
        guard facts.isEmpty else {
            findBelow()
            return
        }
        question = .part
        leaveWhole()
    }

    /// The question under way is whether there is anything below the second.
    var asksBelow: Bool { if case .below = question { true } else { false } }

    /// A relay may have lowered its cap since it gave its largest page: an answer that ends inside this second, with
    /// something left below, is as large as answers get. False where nobody asked for that.
    @discardableResult
    mutating func findBelow() -> Bool {
        guard asksBelow else { return false }
        question = .part
        divide()
        return true
    }

    private mutating func absorbCensus(_ facts: PageFacts, limit: Int, capSeen: Int) {
        guard census?.absorb(facts, limit: limit, capSeen: capSeen) != .more else { return }
        question = .part
        divide()
    }

    /// Whether the question under way is about more than this second.
    var looksBelow: Bool { if case .census = question { true } else { false } }

    /// Goes on without knowing which kinds there are; false where that is not what the relay leaves unanswered. What
    /// was seen can be read, whatever is said of so many kinds.
    mutating func skipCensus() -> Bool {
        guard looksBelow else { return false }
        question = .part
        divide()
        return true
    }

    /// An answer as large as was asked for may have been cut, and so may one near the largest ever seen: that one may
    /// have held live events beside the relay's cap.
    static func mayBeCut(_ answer: Int, limit: Int, capSeen: Int) -> Bool {
        answer >= min(limit, max(capSeen / 2, smallestCap))
    }

    /// An answer to the part in hand that shows what is known of it, and there is something known, and nothing else.
    private func agrees(_ events: [EventStamp]) -> Bool {
        guard let part = parts.last else { return false }
        let shown = Set(events.filter { $0.createdAt == second }.map(\.id))
        return !shown.isEmpty && shown.allSatisfy { known[$0] != nil }
            && shown.count == known.values.count(where: part.contains)
    }

    @discardableResult
    private mutating func add(_ events: [EventStamp]) -> Bool {
        let before = known.count
        for event in events where event.createdAt == second && partIDs.insert(event.id).inserted {
            partEvents.append(event)
            known[event.id] = event
        }
        return known.count > before
    }

    private mutating func leavePart() {
        _ = parts.popLast()
        partIDs.removeAll(keepingCapacity: true)
        partEvents.removeAll(keepingCapacity: true)
        quietAnswers = 0
        largestAnswer = 0
        smallestLimit = .max
    }

    /// Replaces the part in hand by narrower ones. The first time that needs to know which kinds there are.
    private mutating func divide() {
        guard let part = parts.last else { return }
        let seen = partEvents
        if part == whole, census == nil, !isGuess, (part.kinds?.count ?? .max) > KindCensus.kindsAPart {
            census = KindCensus(lo: lo, hi: second, seen: kindsMet, archive: archive)
            question = .census
            return
        }
        leavePart()
        if let narrower = narrower(part, seen) {
            // What has most events is asked for first, and what no event was seen of last.
            parts += narrower.parts.reversed()
            if !narrower.isWhole, !isGuess { isSaturated = true }
        } else if !isGuess {
            isSaturated = true
        }
    }

    /// A second by its kinds, several kinds by fewer, one kind by its authors; nil where nothing narrower is known. A
    /// full answer that shows nothing of the part is not about the part: narrower ones would be answered alike.
    private func narrower(_ part: Part, _ seen: [EventStamp]) -> (parts: [Part], isWhole: Bool)? {
        if let kinds = part.kinds, kinds.count == 1 { return byAuthors(part, seen) }
        guard !seen.isEmpty || (part == whole && census != nil) else { return nil }
        let split = PartSplit(seen.map(\.kind), others: others(part, Set(seen.map(\.kind))))
        return (split.groups.map { Part(kinds: $0, authors: part.authors) }, true)
    }

    /// Kinds of a part that were not seen in it, as many at a time as a question may name.
    private func others(_ part: Part, _ seen: Set<UInt16>) -> [[UInt16]] {
        guard part == whole, let census else {
            let others = (part.kinds ?? []).filter { !seen.contains($0) }
            return others.isEmpty ? [] : [others]
        }
        guard census.isComplete else { return KindCensus.parts(of: archive, without: seen) }
        let others = census.kinds.subtracting(seen).sorted()
        return others.isEmpty ? [] : [others]
    }

    /// Authors not seen can be asked for only where the filter names all of them; elsewhere this step never proves.
    private func byAuthors(_ part: Part, _ seen: [EventStamp]) -> (parts: [Part], isWhole: Bool)? {
        guard part.authors?.count != 1, !seen.isEmpty else { return nil }
        let known = Set(seen.map(\.pubkey))
        let others = part.authors.map { $0.filter { !known.contains($0) } } ?? []
        let split = PartSplit(seen.map(\.pubkey), others: others.isEmpty ? [] : [others])
        return (split.groups.map { Part(kinds: part.kinds, authors: $0) }, part.authors != nil)
    }
}
