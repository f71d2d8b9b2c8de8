import Crypto
import Nostr
import SyncEngine

/// A relay as a pure function from a request to an answer: newest first, cut at a silent cap, with switchable vices.
struct ModelRelay {
    var events: [EventStamp]
    var cap = 500
    var ignoresSince = false
    var ignoresUntil = false
    var isOldestFirst = false
    /// Any of what matches, newest first.
    var isRandom = false
    /// Answers with events of any kind and author.
    var ignoresFilter = false
    /// So many events in the n-th answer, as if that were all.
    var shortened: [Int: Int] = [:]
    /// What the n-th request gets instead of an answer.
    var endings: [Int: PageEnding] = [:]
    /// What a request gets instead of an answer, by what it asks.
    var refuses: (PageRequest) -> PageEnding? = { _ in nil }
    var hint: EOSEHint?
    /// Says `finish` of each answer that has a hint.
    var alwaysFinishes = false
    /// Likewise `more`, whatever is left.
    var alwaysGoesOn = false
    /// Come behind the stored events of the n-th answer.
    var live: [Int: [EventStamp]] = [:]
    /// Events older than `since` added to each answer.
    var strayOlder = 0
    /// Served with something wrong in it that says its time.
    var isInvalid: (EventStamp) -> Bool = { _ in false }
    /// What such an event says of its time.
    var claims: (EventStamp) -> UnixTime = { $0.createdAt }
    /// Counted against the limit and then left out.
    var isHidden: (EventStamp) -> Bool = { _ in false }
    private(set) var requests: [PageRequest] = []

    init(events: [EventStamp]) {
        self.events = events.sorted { ($1.createdAt, $0.id) < ($0.createdAt, $1.id) }
    }

    mutating func answer(_ request: PageRequest) -> PageFacts {
        requests.append(request)
        if let ending = endings[requests.count - 1] ?? refuses(request) { return PageFacts(ending: ending) }
        let kinds = request.kinds.map(Set.init)
        let matching = events.filter { ignoresFilter || (kinds?.contains($0.kind) ?? true) }
            .filter { matches($0, request) }
        let ordered = isOldestFirst ? Array(matching.reversed()) : matching
        let most = min(cap, request.limit, shortened[requests.count - 1] ?? .max)
        let counted = isRandom ? chosen(most, of: matching) : Array(ordered.prefix(most))
        let isWhole = counted.count == matching.count
        var served = counted.filter { !isHidden($0) }
        served += (live[requests.count - 1] ?? []).filter { isInside($0, request) }
        let within = served.filter { isInside($0, request) }
        let inside = within.filter { isAsked($0, request) }
        let older = served.count { event in request.since.map { event.createdAt < $0 } ?? false }
        var facts = PageFacts(
            ending: .conclusive(hint: hint.map { _ in (isWhole || alwaysFinishes) && !alwaysGoesOn ? .finish : .more }),
            events: inside.filter { !isInvalid($0) }, received: served.count,
            older: older + (request.since == nil ? 0 : strayOlder), newer: served.count - within.count - older)
        facts.foreign = within.count - inside.count
        facts.ghosts = within.filter { !isAsked($0, request) }.map(\.createdAt)
        facts.claims = inside.filter(isInvalid).map { claims($0) }.filter { isInside($0, request) }
        return facts
    }

    /// Spread over all of it, others with each request.
    private func chosen(_ most: Int, of events: [EventStamp]) -> [EventStamp] {
        guard events.count > most else { return events }
        return (0..<most).map { events[($0 * events.count / most + requests.count) % events.count] }
            .sorted { $0.createdAt > $1.createdAt }
    }

    private func matches(_ event: EventStamp, _ request: PageRequest) -> Bool {
        if let authors = request.authors, !ignoresFilter, !authors.contains(event.pubkey) { return false }
        if let since = request.since, !ignoresSince, event.createdAt < since { return false }
        if let until = request.until, !ignoresUntil, event.createdAt > until { return false }
        return true
    }

    private func isAsked(_ event: EventStamp, _ request: PageRequest) -> Bool {
        request.kinds?.contains(event.kind) ?? true && request.authors?.contains(event.pubkey) ?? true
    }

    private func isInside(_ event: EventStamp, _ request: PageRequest) -> Bool { isInside(event.createdAt, request) }

    private func isInside(_ second: UnixTime, _ request: PageRequest) -> Bool {
        if let since = request.since, second < since { return false }
        if let until = request.until, second > until { return false }
        return true
    }
}

/// What a whole walk over a model relay gives.
struct WalkResult {
    var seen: Set<EventStamp> = []
    var verdict: WalkPlan.Verdict?
    var frontiers: [UnixTime] = []
    var gaps: [WalkPlan.Gap] = []
    /// A frontier that moved past an event not yet seen: the one thing that must never happen.
    var brokenPromises: [UnixTime] = []
}

extension WalkPlan {
    /// Walks to the end, or until `maxRequests` pages, and checks every move of the frontier against the truth.
    mutating func run(on relay: inout ModelRelay, maxRequests: Int = 10_000) -> WalkResult {
        var result = WalkResult()
        while result.verdict == nil, relay.requests.count < maxRequests {
            switch next() {
            case .finished(let verdict): result.verdict = verdict
            case .ask(let request):
                let facts = relay.answer(request)
                result.seen.formUnion(facts.events)
                let progress = absorb(facts)
                if let gap = progress.gap { result.gaps.append(gap) }
                guard let frontier = progress.frontier else { continue }
                result.frontiers.append(frontier)
                let gaps = result.gaps
                let isBroken = relay.events.contains { event in
                    event.createdAt > frontier && !result.seen.contains(event)
                        && !gaps.contains { $0.lo <= event.createdAt && event.createdAt <= $0.hi }
                }
                if isBroken { result.brokenPromises.append(frontier) }
            }
        }
        return result
    }
}

/// Stamps with distinct ids from a small generator, the same for the same seed.
struct StampFactory {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func stamp(at second: Int64, kind: UInt16? = nil, author: UInt8? = nil) -> EventStamp {
        EventStamp(
            id: bytes((0..<32).map { _ in UInt8(truncatingIfNeeded: next() >> 24) }),
            pubkey: bytes([UInt8](repeating: author ?? UInt8(next() % 20), count: 32)),
            createdAt: UnixTime(seconds: second), kind: kind ?? [1, 7, 6, 0, 3][Int(next() % 5)])
    }

    private func bytes(_ bytes: [UInt8]) -> Bytes32 {
        guard let value = Bytes32(bytes) else { preconditionFailure("32 bytes were given") }
        return value
    }
}
