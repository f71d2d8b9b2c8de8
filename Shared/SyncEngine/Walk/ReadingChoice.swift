internal import Nostr

/// Whether the next part of a history that was never read is read by a page or by a comparison of sets. Pure.
///
/// A page brings events, whatever of them is stored already. A comparison brings ids, and then only what the archive
/// lacks is asked for. Pages tell which of the two is cheaper: by what of them the archive had when they were stored.
struct ReadingChoice: Sendable {
    /// What a page of a walk showed.
    struct Page: Sendable, Equatable {
        /// Valid events that the page before had not shown.
        let shown: Int
        /// It may have been cut: more follows.
        let isFull: Bool
        /// The newest second with an event.
        let newest: Int64
        /// Events a second in its older half: what follows is like that, and events of the future do not count.
        let density: Double
    }

    /// A part of the history to be compared.
    struct Part: Sendable, Equatable {
        let seconds: ClosedRange<Int64>
        /// A page has just shown the newest seconds of it: the relay's set must have most of that.
        let isChecked: Bool
    }

    /// Ids that a window should have: some 1.3 MB on the way, and 2 MB of memory while they are looked up.
    static let idsAWindow = 20_000
    /// A comparison pays where one event in so many was in the archive: of 500 with 1 kB each, 250 kB of those are
    /// spared, for 32 kB of ids and 16 kB to ask for the others. It costs requests, each for 100 ids: two and a half
    /// instead of one where half is known. Where less is known a page is cheaper for the relay.
    private static let worthwhile = 2
    /// A window that is not larger than so many pages is left to them.
    private static let fewestPages = 2

    /// More than all of history, in seconds.
    private static let longest = 1e15

    private let pageSize: Int
    /// Ids that the next window may have.
    private var most = idsAWindow
    private var isOff: Bool
    /// Events a second, where a comparison pays; nil where pages go on.
    private var density: Double?
    private var checked: Int64?
    /// Time of comparisons that came to no end.
    private(set) var lost = Duration.zero

    /// - Parameters:
    ///   - pageSize: events asked for a page.
    ///   - failures: visits in a row that failed. After two of them pages get their turn: it may be the comparison
    ///     that the relay fails at, and each visit would get as far.
    init(pageSize: Int, failures: Int32 = 0) {
        self.pageSize = pageSize
        isOff = failures >= 2
    }

    /// No window is compared in this visit any more.
    var isOver: Bool { isOff || most < Self.fewestPages * pageSize }

    /// The newest part of what is left, where it is to be compared; nil where a page is asked for.
    /// - Parameters:
    ///   - lo: the oldest second that is left.
    ///   - frontier: the newest.
    ///   - hi: the newest second of the walk.
    func part(lo: Int64, frontier: Int64, hi: Int64) -> Part? {
        guard !isOver, let density, lo <= frontier else { return nil }
        // What is left need not be worth it.
        guard density * (Double(frontier) - Double(lo) + 1) >= Double(Self.fewestPages * pageSize) else { return nil }
        let span = Int64(min(max(Double(most) / density, 1), Self.longest))
        let top = checked.map { min($0, hi) } ?? frontier
        return Part(seconds: max(lo, frontier - span + 1)...max(top, frontier), isChecked: checked != nil)
    }

    /// Another stretch begins: what pages showed elsewhere says nothing of it.
    mutating func begin() { (density, checked) = (nil, nil) }

    /// A page was stored.
    /// - Parameter new: how many of its events the archive lacked.
    mutating func note(_ page: Page, new: Int) {
        (density, checked) = (nil, nil)
        guard page.isFull, page.shown > 0, (page.shown - new) * Self.worthwhile >= page.shown else { return }
        (density, checked) = (page.density, page.newest)
    }

    /// A window was compared and taken up.
    /// - Parameters:
    ///   - ids: that the relay has in it.
    ///   - needed: of these, how many were not linked to it.
    ///   - asked: how many had to be asked for.
    mutating func note(_ window: ClosedRange<Int64>, ids: Int, needed: Int, asked: Int) {
        let isWorthwhile = (needed - asked) * Self.worthwhile >= needed
        density = isWorthwhile ? Double(max(ids, 1)) / Self.length(window) : nil
        checked = nil
    }

    /// A window came to no end.
    mutating func shrink(_ window: ClosedRange<Int64>, lost time: Duration) {
        lost += time
        // It may have had more than was expected.
        density = max(density ?? 0, Double(most) / Self.length(window))
        most /= 2
    }

    /// Nothing more is compared in this visit.
    mutating func leave() { isOff = true }

    private static func length(_ window: ClosedRange<Int64>) -> Double {
        Double(window.upperBound) - Double(window.lowerBound) + 1
    }
}

extension ReadingChoice.Page {
    /// Of a page that was fetched and prepared.
    init?(_ page: FetchedPage, _ request: PageRequest, _ prepared: PreparedPage, capSeen: Int) {
        self.init(page.facts, request, shown: prepared.shown.count - prepared.again, capSeen: capSeen)
    }

    /// - Parameter shown: valid events that the page before had not shown.
    /// - Returns: nil where the page says nothing of those that follow.
    init?(_ facts: PageFacts, _ request: PageRequest, shown: Int, capSeen: Int) {
        guard case .conclusive = facts.ending, !facts.events.isEmpty else { return nil }
        let seconds = facts.events.map(\.createdAt.seconds).sorted()
        let middle = seconds.count / 2
        self.shown = shown
        isFull = SecondPlan.mayBeCut(facts.received, limit: request.limit, capSeen: capSeen)
        newest = seconds[seconds.count - 1]
        density = Double(middle + 1) / (Double(seconds[middle]) - Double(seconds[0]) + 1)
    }
}
