internal import Crypto
public import Nostr
internal import Settings

/// Which events are archived: the sections `filter` and `time_range` as requests and answers need them. Pure.
public struct ArchiveFilter: Sendable, Equatable {
    /// Kinds, ascending; nil for all.
    let kinds: [UInt16]?
    /// Authors, ascending; nil for all.
    let authors: [PublicKey]?
    /// Values by the tag's letter; an event has one of each letter's.
    let tags: [TagName: [String]]
    /// The oldest second.
    let since: UnixTime
    /// The newest second; nil for no end.
    let until: UnixTime?

    /// Everything.
    public static let everything = ArchiveFilter(FilterSettings(), TimeRangeSettings())

    /// What the settings say; what validation would refuse is left out.
    public init(_ filter: FilterSettings, _ range: TimeRangeSettings) {
        kinds = filter.kinds.isEmpty ? nil : Set(filter.kinds.map { UInt16(clamping: $0) }).sorted()
        authors = filter.authors.isEmpty ? nil : Set(filter.authors.compactMap { PublicKey(hex: $0) }).sorted()
        var tags: [TagName: [String]] = [:]
        for (letter, values) in filter.tags.entries {
            guard letter.count == 1, let name = letter.first.flatMap(TagName.init) else { continue }
            tags[name] = Self.ordered(values)
        }
        self.tags = tags
        since = UnixTime(seconds: max(Int64(clamping: range.since), 0))
        until = range.until.map { UnixTime(seconds: Int64(clamping: $0)) }
    }

    /// By bytes, each once: Swift takes different code points for the same character, relays do not.
    private static func ordered(_ values: [String]) -> [String] {
        var seen: Set<[UInt8]> = []
        return values.filter { seen.insert(Array($0.utf8)).inserted }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// No kind, author or tag is asked for: whatever a relay has of the range is archived, so that the sums of its days
    /// are what it has.
    var takesAll: Bool { kinds == nil && authors == nil && tags.isEmpty }

    /// The filter that goes to relays, without bounds of time (NIP-01).
    public var filter: Filter { Filter(authors: authors, kinds: kinds, tags: tags) }

    /// 32 hex digits that name the filter and the range, in whatever order they were given; empty for everything.
    /// Coverage holds under one of them.
    var digest: String {
        guard self != .everything else { return "" }
        var filter = filter
        filter.since = since
        filter.until = until
        return String(SHA256.hash(filter.encode()).hex.prefix(32))
    }

    /// Whether nothing of the range is left from this second on.
    func ends(before second: UnixTime) -> Bool { until.map { $0 < second } ?? false }

    /// What is archived of a closed interval of seconds within the range. Nothing but the interval where everything is
    /// archived: relays that keep a tree of everything recognise that.
    func filter(of seconds: ClosedRange<Int64>) -> Filter {
        var filter = filter
        filter.since = seconds.lowerBound > 0 ? UnixTime(seconds: seconds.lowerBound) : nil
        filter.until = UnixTime(seconds: seconds.upperBound)
        return filter
    }

    /// The same request within the filter and the range. Kinds and authors that it names already are a part of the
    /// filter's (`SecondPlan`).
    func narrow(_ request: PageRequest) -> PageRequest {
        var request = request
        request.kinds = request.kinds ?? kinds
        request.authors = request.authors ?? authors
        request.tags = tags
        if since.seconds > 0 { request.since = max(request.since ?? since, since) }
        if let until { request.until = min(request.until ?? until, until) }
        return request
    }
}

extension SynchronizingSettings {
    /// Which events are archived.
    public var archive: ArchiveFilter { ArchiveFilter(filter, timeRange) }
}
