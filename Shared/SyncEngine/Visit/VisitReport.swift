public import Database
public import Nostr

/// What one visit of a relay did.
public struct VisitReport: Sendable {
    /// How the visit ended; decides when the relay is due again.
    public enum Ending: Sendable, Equatable {
        /// Everything that was to be read was read.
        case complete
        /// The visit's time was over, or the service stops; the rest goes on at once.
        case yielded
        /// The visit's time was over before anything was proven in the stretch in hand.
        case stuck
        /// The relay could not be reached, or its pages proved nothing. The word is for logs and metrics.
        case failed(String)
        /// The relay cannot be read by pages.
        case unpageable(CoverageReason)
        /// Another replica works on the relay now; nothing of the last page was stored.
        case leaseLost
        /// Its address has as many connections as it may; nothing was asked.
        case addressBusy
        /// The visit before has not quite ended here; nothing was asked.
        case overlapping
        /// An operator wants the relay left alone; it was not dialled.
        case ignored
        /// The database failed; the relay is not to blame. The word is a `DatabaseError` kind.
        case databaseFailed(String)
    }

    /// How pages end that were answered whole, among `pages`.
    static let conclusive = "conclusive"
    /// An event came with another valid signature than it has in the archive, among `oddities`.
    static let secondSignature = "second_signature"

    /// The relay.
    public let relay: RelayID
    /// Where it was dialled.
    public let url: RelayURL
    /// Its network.
    public let network: Network
    /// How the visit ended.
    public var ending = Ending.complete
    /// Pages by how they ended: `conclusive`, or why they prove nothing.
    public private(set) var pages: [String: Int] = [:]
    /// Bytes of event JSON received.
    public var bytes = 0
    /// Of these, what came live: a subscription is no page, and nothing is asked for by it.
    public private(set) var bytesLive = 0
    /// Bytes that earlier visits downloaded beyond their share.
    let deficitBytes: Int64
    /// EVENT messages received.
    public var eventsReceived = 0
    /// Events that were stored.
    public var eventsNew = 0
    /// Events that were in the archive already.
    public var eventsKnown = 0
    /// Sightings that were stored.
    public var sightingsNew = 0
    /// Events of kinds that are not stored, each once a page.
    public var eventsEphemeral = 0
    /// Events that were erased because their author vanished, each once a page.
    public var eventsErased = 0
    /// Signatures checked.
    public var signaturesChecked = 0
    /// Rejected events by reason.
    public var rejected: [String: Int] = [:]
    /// EVENT messages that came on an open subscription, among those received.
    public var eventsLive = 0
    /// Events that the relay claimed to have and never delivered.
    public var phantoms = 0
    /// Comparisons of sets that came to no end, by reason.
    public private(set) var setsInconclusive: [String: Int] = [:]
    /// What the relay sent that nobody expected, by a stable word. What came beside answers is known when the
    /// connection is over.
    public var oddities: [String: Int] = [:]
    /// The relay's pages are in no order: it is read in windows of time.
    public var isUnordered = false
    /// Why a part of its history cannot be read by pages at all, where that is so.
    var unpageable: CoverageReason?
    /// Nothing was proven since the stretch in hand began.
    var isStuck = true
    /// How long the relay wants to be left alone, at most a day; nil where it did not say.
    public var retryAfter: Duration?
    /// Requests a second that the relay bears, as learned; nil for no limit.
    public var rate: Double?
    /// Pages that were answered whole.
    var conclusivePages: Int { pages[Self.conclusive, default: 0] }
    /// The visit came to its end in the history, and what is new was not asked for.
    var isPartial = false
    /// A stretch was read to its end.
    private(set) var hasRead = false
    /// Why a stretch was not; nil where all were.
    private(set) var trouble: String?
    /// The service stopped, or the lease was lost, before it was over.
    var isCutOff = false
    /// Why the last page proved nothing; nil where it did.
    private(set) var unanswered: InconclusiveReason?
    private var lastFailure: String?

    init(_ lease: RelayLease) {
        relay = lease.relay
        url = lease.url
        network = lease.network
        rate = lease.rate
        deficitBytes = lease.deficitBytes
    }

    /// Whether it says something of the relay. One that was cut off says what it came to by then, and not that nothing
    /// is wrong.
    var hasLearned: Bool { hasRead || trouble != nil || (conclusivePages > 0 && !isCutOff) }

    var hasFailed: Bool {
        if case .failed = ending { true } else { false }
    }

    /// Pages do not get through some of what was to be read.
    var isUnpageable: Bool {
        if case .unpageable = ending { true } else { false }
    }

    /// It failed after something was proven of what it was reading.
    var hasGotOn: Bool { hasFailed && !isStuck }

    mutating func count(_ page: FetchedPage) {
        bytes += page.byteCount
        eventsReceived += page.facts.received
        switch page.facts.ending {
        case .conclusive:
            pages[Self.conclusive, default: 0] += 1
            unanswered = nil
        case .inconclusive(let reason):
            let failure = page.failure ?? reason.rawValue
            lastFailure = failure
            pages[failure, default: 0] += 1
            unanswered = reason
        }
    }

    /// Bytes that came for a page and found no room in memory.
    mutating func count(dropped: Int) { bytes += dropped }

    /// A comparison of sets.
    mutating func count(_ ending: ReconciliationEnding) {
        if let reason = ending.failure { setsInconclusive[reason, default: 0] += 1 }
    }

    /// Live events; no page, and no proof of anything.
    mutating func count(live page: FetchedPage) {
        bytes += page.byteCount
        bytesLive += page.byteCount
        eventsReceived += page.facts.received
        eventsLive += page.facts.received
    }

    /// A visit whose time ran out before it got anywhere must not be due at once: the next one would get as far. Where
    /// the relay's answer is what it waited for, it has failed.
    mutating func blameSilence() {
        guard ending == .yielded, isStuck else { return }
        ending = unanswered != nil ? .failed(lastFailure ?? "timed_out") : .stuck
    }

    /// Takes over how a walk ended. One cut off because the visit was stopped has not failed.
    mutating func end(_ verdict: WalkPlan.Verdict, isStopped: Bool) {
        switch verdict {
        case .reachedEnd: hasRead = true
        case .inconclusive where isStopped: ending = .yielded
        case .inconclusive(let reason):
            let word = lastFailure ?? reason.rawValue
            (ending, trouble) = (.failed(word), word)
        case .unpageable(let reason): (ending, trouble) = (.unpageable(reason), reason.word)
        }
    }

    mutating func count(_ prepared: PreparedPage) {
        signaturesChecked += prepared.verified
        eventsEphemeral += prepared.ephemeral.count
        eventsErased += prepared.erased.count
        for event in prepared.rejected { rejected[event.reason, default: 0] += 1 }
        if prepared.secondSignatures > 0 {
            oddities[Self.secondSignature, default: 0] += prepared.secondSignatures
        }
    }

    /// Takes over what became of a page: a lost lease ends the visit.
    mutating func count(_ result: PageWriter.Result) {
        for answer in result.answers { count(answer) }
        if !result.isAccepted { ending = .leaseLost }
    }

    private mutating func count(_ answer: CommitAnswer) {
        eventsNew += answer.eventsNew
        eventsKnown += answer.eventsKnown
        sightingsNew += answer.sightingsNew
    }
}
