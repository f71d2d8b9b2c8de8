import Crypto
import Nostr
import RelayClient
import Support
import SyncEngine

/// A relay's holdings over time, and how it answers. Not thread-safe: the network guards it.
struct SimulatedRelay {
    /// An event and when the relay had it, in seconds of the simulation.
    struct Held {
        let event: SimulatedEvent
        let from: Duration
        var until: Duration?

        func isThere(at now: Duration) -> Bool { from <= now && until.map { $0 > now } ?? true }
    }

    /// A message larger than this breaks the connection.
    static let mostMessageBytes = 100_000

    let vices: Vices
    /// Newest first.
    private(set) var held: [Held] = []
    /// Kinds that the archive asks for; nil for all.
    var archivedKinds: Set<UInt16>?
    /// Where its host is; the archive counts connections by it. Nil behind a proxy.
    var address: String?
    private var random: SplitMix64
    private var churned = 0
    /// Comparisons of sets that it was asked for, where it bears only some.
    var setsAsked = 0

    init(vices: Vices, seed: UInt64) {
        self.vices = vices
        random = SplitMix64(seed: seed)
    }

    /// Whether chance explains that so many events are missing: what one relay leaves out of two passes fools every
    /// reader, and where it leaves out one or two of all it has, they look like such as came late.
    func mayHide(_ count: Int) -> Bool { vices.hidesAtRandom || (vices.order == .randomSubset && count <= 2) }

    mutating func add(_ events: [SimulatedEvent], at now: Duration) {
        held += events.map { Held(event: $0, from: now) }
        held.sort { left, right in
            let (one, other) = (left.event, right.event)
            return one.createdAt == other.createdAt ? one.id < other.id : one.createdAt > other.createdAt
        }
    }

    mutating func remove(share: Double, at now: Duration) {
        guard share > 0 else { return }
        for place in held.indices where held[place].until == nil && chance(share) { held[place].until = now }
    }

    /// Valid events that the archive asks for and that it held all the time between two points.
    func owed(from: Duration, to: Duration, in seconds: ClosedRange<Int64>? = nil) -> [SimulatedEvent] {
        held[seconds.map { places($0.lowerBound, $0.upperBound) } ?? held.indices].filter { entry in
            entry.event.isValid && archivedKinds?.contains(entry.event.kind) ?? true
                && entry.from <= from && (entry.until ?? .seconds(Int64.max / 2)) >= to
        }.map(\.event)
    }

    /// What it held of an event; nil where it never had it.
    func entry(_ id: EventID) -> Held? { held.first { $0.event.id == id } }

    /// What one request meets.
    enum Answer {
        case page([SimulatedEvent], hint: EOSEHint?)
        case partial([SimulatedEvent], InconclusiveReason)
        /// The connection ends too.
        case broken([SimulatedEvent], InconclusiveReason, failure: String?)

        var events: [SimulatedEvent] {
            switch self {
            case .page(let events, _), .partial(let events, _), .broken(let events, _, _): events
            }
        }
    }

    mutating func answer(_ filter: Filter, at now: Duration) -> Answer {
        defer { churn(at: now) }
        if chance(vices.timeouts) { return .partial([], .timedOut) }
        if vices.opensAt.map({ now < $0 }) ?? true, chance(vices.refusals) { return .partial([], vices.refusal) }
        let matching = matches(filter, at: now)
        let cap = now < Vices.capFallsAt ? vices.cap : vices.laterCap ?? vices.cap
        var page = cut(matching, limit: vices.ignoresLimit ? .max : min(cap, filter.limit ?? .max))
        if let (seconds, reason) = vices.withheld, page.contains(where: { seconds.contains($0.createdAt) }) {
            return .partial([], reason)
        }
        if chance(vices.disconnects) { return .broken(start(of: page), .disconnected, failure: nil) }
        if chance(vices.floods) { return .broken(start(of: page), .disconnected, failure: "notice_flood") }
        if let place = page.firstIndex(where: { $0.json.count > Self.mostMessageBytes }) {
            return .broken(Array(page[..<place]), .overBudget, failure: "message_too_large")
        }
        if chance(vices.earlyEnds) { page = start(of: page) }
        let isWhole = page.count == matching.count
        if vices.omissions > 0 { page = page.filter { _ in !chance(vices.omissions) } }
        if vices.forgeries > 0 { page = page.map { chance(vices.forgeries) ? $0.forged : $0 } }
        if vices.resignings > 0 { page = page.map { chance(vices.resignings) ? $0.resigned : $0 } }
        if vices.copies { page = page.flatMap { [$0.forged, chance(0.5) ? $0.resigned : $0] } }
        if vices.repeats { page = page.flatMap { [$0, $0] } }
        page += strays(outside: filter)
        return .page(page, hint: hint(isWhole))
    }

    /// What NIP-45 answers.
    func count(_ filter: Filter, at now: Duration) -> CountAnswer {
        let count = Int64(matches(filter, at: now).count)
        switch vices.counts {
        case .unknown: return .unsupported
        case .exact: return .count(count, isApproximate: false)
        case .approximate: return .count(count * 9 / 10, isApproximate: true)
        case .wrong(let by): return .count(max(count + Int64(by), 0), isApproximate: false)
        case .impossible: return .inconclusive(.contradicted)
        }
    }

    private func hint(_ isWhole: Bool) -> EOSEHint? {
        switch vices.hints {
        case .none: nil
        case .honest: isWhole ? .finish : .more
        case .alwaysFinish: .finish
        case .alwaysMore: .more
        }
    }

    private func matches(_ filter: Filter, at now: Duration) -> [SimulatedEvent] {
        let (since, until) = (
            vices.ignoresSince ? nil : filter.since.map { $0.seconds + (vices.isSinceExclusive ? 1 : 0) },
            vices.ignoresUntil ? nil : filter.until.map { $0.seconds - (vices.isUntilExclusive ? 1 : 0) }
        )
        var rest = filter
        (rest.since, rest.until) = (nil, nil)
        if vices.ignoresKinds { rest.kinds = nil }
        return held[places(since ?? .min, until ?? .max)].compactMap { entry in
            entry.isThere(at: now) && rest.asks(for: entry.event) ? entry.event : nil
        }
    }

    /// Of those from `lo` to `hi`.
    func places(_ lo: Int64, _ hi: Int64) -> Range<Int> {
        let first = firstPlace { $0.event.createdAt <= hi }
        return first..<max(first, firstPlace { $0.event.createdAt < lo })
    }

    /// The first place where the test holds; from there on it always does.
    private func firstPlace(_ test: (Held) -> Bool) -> Int {
        var (lo, hi) = (0, held.count)
        while lo < hi {
            let middle = (lo + hi) / 2
            if test(held[middle]) { hi = middle } else { lo = middle + 1 }
        }
        return lo
    }

    private mutating func cut(_ events: [SimulatedEvent], limit: Int) -> [SimulatedEvent] {
        switch vices.order {
        case .newestFirst: return Array(events.prefix(limit))
        case .oldestFirst: return Array(events.reversed().prefix(limit))
        case .randomSubset:
            guard events.count > limit else { return events }
            let chosen = events.indices.shuffled(using: &random).prefix(limit).sorted()
            return chosen.map { events[$0] }
        }
    }

    private mutating func start(of page: [SimulatedEvent]) -> [SimulatedEvent] {
        Array(page.prefix(Int.random(in: 0...page.count, using: &random)))
    }

    private mutating func strays(outside filter: Filter) -> [SimulatedEvent] {
        guard vices.strays > 0, let since = filter.since?.seconds else { return [] }
        return held.map(\.event).filter { $0.createdAt < since }.shuffled(using: &random).prefix(vices.strays).map {
            $0
        }
    }

    /// One event goes, and one comes that was made before.
    private mutating func churn(at now: Duration) {
        guard chance(vices.churn), let place = held.indices.randomElement(using: &random) else { return }
        let event = held[place].event
        if held[place].until == nil { held[place].until = now }
        churned += 1
        add(
            [
                SimulatedEvent(
                    createdAt: event.createdAt - Int64.random(in: 0...5_000, using: &random), kind: 1, author: 99,
                    serial: 900_000_000 + churned)
            ], at: now)
    }

    mutating func chance(_ share: Double) -> Bool {
        share > 0 && Double.random(in: 0..<1, using: &random) < share
    }
}
