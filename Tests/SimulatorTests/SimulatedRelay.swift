import Crypto
import Nostr
import RelayClient
import Support
import SyncEngine

/// What a simulated relay does wrong. The default does nothing wrong.
struct Vices: Sendable, CustomStringConvertible {
    /// Most events of an answer, whatever was asked for.
    var cap = 500
    var ignoresSince = false
    var ignoresUntil = false
    var order = Order.newestFirst
    /// Shares of requests, 0 to 1.
    var timeouts = 0.0
    var disconnects = 0.0
    var refusals = 0.0
    /// Answers that end early as if they were whole.
    var earlyEnds = 0.0
    /// Share of the events of an answer that are left out.
    var omissions = 0.0
    /// Events outside the filter added to each answer.
    var strays = 0
    /// Answers with events of any kind.
    var ignoresKinds = false
    /// NIP-67.
    var hints = false
    /// NIP-77.
    var sets = Sets.compared
    /// Names of what is set, for a failure's message.
    var names: [String] = []

    enum Sets: Sendable {
        case compared
        /// Silence instead of an answer.
        case unknown
        /// Refused above so many events.
        case limited(Int)
        /// Claims events that it does not deliver.
        case lies(Int)
    }

    enum Order: Sendable { case newestFirst, oldestFirst, randomSubset }

    /// Pages cannot follow it.
    var isUnpageable: Bool { ignoresUntil }
    /// It leaves the same event out of two passes now and then: what fools every reader is judged by its share.
    var hidesAtRandom: Bool { omissions > 0 || (order == .randomSubset && (hints || earlyEnds > 0)) }
    /// It shows everything it holds to whoever asks properly.
    var isHonest: Bool { earlyEnds == 0 && omissions == 0 && order == .newestFirst && !ignoresUntil }

    var description: String { names.isEmpty ? "well-behaved" : names.joined(separator: "+") }
}

/// A relay's holdings over time, and how it answers. Not thread-safe: the network guards it.
struct SimulatedRelay {
    /// An event and when the relay had it, in seconds of the simulation.
    struct Held {
        let event: SimulatedEvent
        let from: Duration
        var until: Duration?
    }

    let vices: Vices
    private(set) var held: [Held] = []
    /// Kinds that the archive asks for; nil for all.
    var archivedKinds: Set<UInt16>?
    private var random: SplitMix64
    private var newestFirst: [Int] = []

    init(vices: Vices, seed: UInt64) {
        self.vices = vices
        random = SplitMix64(seed: seed)
    }

    mutating func add(_ events: [SimulatedEvent], at now: Duration) {
        held += events.map { Held(event: $0, from: now) }
        newestFirst = held.indices.sorted { left, right in
            let (one, other) = (held[left].event, held[right].event)
            return one.createdAt == other.createdAt ? one.id < other.id : one.createdAt > other.createdAt
        }
    }

    mutating func remove(share: Double, at now: Duration) {
        for place in held.indices where held[place].until == nil && chance(share) { held[place].until = now }
    }

    /// Valid events that the archive asks for and that it held all the time between two points.
    func owed(from: Duration, to: Duration) -> [SimulatedEvent] {
        held.filter { entry in
            entry.event.isValid && archivedKinds?.contains(entry.event.kind) ?? true
                && entry.from <= from && (entry.until ?? .seconds(Int64.max / 2)) >= to
        }.map(\.event)
    }

    /// What it says it has in an interval; nil where it does not compare sets.
    mutating func set(_ filter: Filter, at now: Duration) -> Result<NegentropySet, SetRefusal> {
        if case .unknown = vices.sets { return .failure(.unknown) }
        if chance(vices.disconnects) { return .failure(.disconnected) }
        let (kinds, authors) = (filter.kinds.map(Set.init), filter.authors.map(Set.init))
        let events = held.filter { entry in
            entry.from <= now && entry.until.map { $0 > now } ?? true
                && (filter.since?.seconds ?? 0)...(filter.until?.seconds ?? .max) ~= entry.event.createdAt
                && kinds?.contains(entry.event.kind) ?? true && authors?.contains(entry.event.pubkey) ?? true
        }
        if case .limited(let most) = vices.sets, events.count > most { return .failure(.tooMany) }
        // What no reader can take is nothing to compare.
        var items = events.map(\.event).filter(\.isValid)
            .map { NegentropyItem(createdAt: UnixTime(seconds: $0.createdAt), id: $0.id) }
        if case .lies(let count) = vices.sets, let first = items.first {
            items += (0..<count).map { NegentropyItem(createdAt: first.createdAt, id: SHA256.hash([UInt8($0)])) }
        }
        return .success(NegentropySet(items))
    }

    enum SetRefusal: Error { case unknown, tooMany, disconnected }

    /// What one request meets.
    enum Answer {
        case page([SimulatedEvent], hint: EOSEHint?)
        case partial([SimulatedEvent], InconclusiveReason)
    }

    mutating func answer(_ filter: Filter, at now: Duration) -> Answer {
        if chance(vices.timeouts) { return .partial([], .timedOut) }
        if chance(vices.refusals) { return .partial([], .rateLimited) }
        let matching = matches(filter, at: now)
        var page = cut(matching, limit: min(vices.cap, filter.limit ?? .max))
        if chance(vices.disconnects) {
            return .partial(Array(page.prefix(Int.random(in: 0...page.count, using: &random))), .disconnected)
        }
        if chance(vices.earlyEnds) { page = Array(page.prefix(Int.random(in: 0...page.count, using: &random))) }
        let isWhole = page.count == matching.count
        if vices.omissions > 0 { page = page.filter { _ in !chance(vices.omissions) } }
        page += strays(outside: filter)
        return .page(page, hint: vices.hints ? (isWhole ? .finish : .more) : nil)
    }

    private func matches(_ filter: Filter, at now: Duration) -> [SimulatedEvent] {
        let (since, until) = (
            vices.ignoresSince ? nil : filter.since?.seconds, vices.ignoresUntil ? nil : filter.until?.seconds
        )
        let (kinds, authors, ids) = (filter.kinds.map(Set.init), filter.authors.map(Set.init), filter.ids.map(Set.init))
        return newestFirst.compactMap { place in
            let entry = held[place]
            let event = entry.event
            guard entry.from <= now, entry.until.map({ $0 > now }) ?? true else { return nil }
            if let since, event.createdAt < since { return nil }
            if let until, event.createdAt > until { return nil }
            if let kinds, !vices.ignoresKinds, !kinds.contains(event.kind) { return nil }
            if let authors, !authors.contains(event.pubkey) { return nil }
            if let ids, !ids.contains(event.id) { return nil }
            return event
        }
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

    private mutating func strays(outside filter: Filter) -> [SimulatedEvent] {
        guard vices.strays > 0, let since = filter.since?.seconds else { return [] }
        return held.map(\.event).filter { $0.createdAt < since }.shuffled(using: &random).prefix(vices.strays).map {
            $0
        }
    }

    private mutating func chance(_ share: Double) -> Bool {
        share > 0 && Double.random(in: 0..<1, using: &random) < share
    }
}
