internal import Nostr

/// Which kinds a relay has in an interval of seconds, found by asking for all others. Pure.
///
/// A crowded second is read by parts of its kinds, and no filter says "any other kind" but one that lists them all
/// (NIP-01). Asked of each second that would cost more than its events; asked once, down to the end of the walk, it
/// holds for all crowded seconds on the way.
struct KindCensus: Sendable {
    /// What an answer means.
    enum Verdict: Sendable, Equatable {
        /// Another question is needed.
        case more
        /// The relay has no other kinds than `kinds`.
        case complete
        /// The relay's answers do not come to an end, or are about something else.
        case failed
    }

    /// Kinds asked for in one REQ: about 24 kB of filter.
    static let kindsAPart = 4_096

    /// Answers after which it is given up: four times what a relay without other kinds is asked.
    private static let mostAnswers = 128

    /// Kinds that were seen, by the census or before.
    private(set) var kinds: Set<UInt16>

    private let lo: UnixTime
    private let hi: UnixTime
    private let authors: [PublicKey]?
    /// Kinds still to be asked for; the last ones are in hand.
    private var parts: [[UInt16]]
    private var quietAnswers = 0
    private var answers = 0

    /// A census of a closed interval.
    /// - Parameters:
    ///   - kinds: what was seen already.
    ///   - archive: which events are asked for.
    init(lo: UnixTime, hi: UnixTime, seen kinds: Set<UInt16>, archive: ArchiveFilter) {
        self.lo = lo
        self.hi = hi
        self.kinds = kinds
        authors = archive.authors
        parts = Self.parts(of: archive, without: kinds)
    }

    /// All kinds but some, as many at a time as a question may name.
    static func parts(of archive: ArchiveFilter, without seen: Set<UInt16>) -> [[UInt16]] {
        let unseen = (archive.kinds ?? Array(UInt16.min...UInt16.max)).filter { !seen.contains($0) }
        return unseen.parts(of: kindsAPart)
    }

    /// Whether every kind of the interval was seen.
    var isComplete: Bool { parts.isEmpty }

    /// Asks for the kinds in hand.
    func request(limit: Int) -> PageRequest {
        PageRequest(since: lo.seconds > 0 ? lo : nil, until: hi, limit: limit, kinds: parts.last, authors: authors)
    }

    /// Takes one conclusive answer in. Kinds were all shown after two answers without another one.
    mutating func absorb(_ facts: PageFacts, limit: Int, capSeen: Int) -> Verdict {
        answers += 1
        guard answers < Self.mostAnswers, let part = parts.last else { return .failed }
        let found = Set(facts.events.map(\.kind)).intersection(part)
        kinds.formUnion(found)
        quietAnswers = found.isEmpty ? quietAnswers + 1 : 0
        if found.isEmpty, SecondPlan.mayBeCut(facts.received - facts.older, limit: limit, capSeen: capSeen) {
            return .failed
        }
        let left = part.filter { !found.contains($0) }
        parts.removeLast()
        if quietAnswers < 2, !left.isEmpty {
            parts.append(left)
        } else {
            quietAnswers = 0
        }
        return parts.isEmpty ? .complete : .more
    }
}
