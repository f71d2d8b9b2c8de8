import Crypto
import Nostr

/// The columns of `commit_pages`, written straight from pages and events.
extension SQLParameters {
    /// - Parameter pages: those of the batch in relay_id order.
    init(pages: [RelayPage], of batch: PagesBatch, namedTypes: NamedTypes) {
        self.init(namedTypes: namedTypes)
        let order = batch.events.indices.sorted { batch.events[$0].id < batch.events[$1].id }
        let events = order.map { batch.events[$0] }
        var ordinals = [Int32](repeating: 0, count: order.count)
        for (ordinal, place) in order.enumerated() { ordinals[place] = Int32(clamping: ordinal + 1) }
        reserve(bytes: 4096 + events.reduce(0) { $0 + $1.columnBytes })
        append(batch.owner.uuid)
        appendPages(pages)
        appendEvents(events)
        appendSightings(pages, ordinals)
        appendDays(pages)
        appendTombstones(events)
        appendCoverage(pages)
        appendQuarantine(pages)
    }

    private mutating func appendPages(_ pages: [RelayPage]) {
        appendColumn(pages) { $0.relay.value }
        appendColumn(pages) { $0.fence }
        appendColumn(pages) { $0.frontier?.seconds }
        appendColumn(pages) { $0.walkLo?.seconds }
        appendColumn(pages) { $0.walkHi?.seconds }
        appendColumn(pages) { $0.sealedHi?.seconds }
        appendColumn(pages) { $0.tailSeen?.seconds }
        appendColumn(pages) { $0.clearsWalk }
        appendColumn(pages) { $0.capSeen }
        appendColumn(pages) { $0.pageSize }
        appendColumn(pages) { $0.behaviour?.json }
    }

    private mutating func appendEvents(_ events: [Event]) {
        appendColumn(events) { $0.id }
        appendColumn(events) { $0.pubkey }
        appendColumn(events) { $0.createdAt.seconds }
        appendColumn(events) { Int32($0.kind) }
        appendColumn(events) { JSONText($0.tagsJSON) }
        appendColumn(events) { TextBytes(bytes: $0.content) }
        appendColumn(events) { $0.signature }
        appendTagSets(count: events.count) { events[$0].tagKeys.isEmpty ? nil : events[$0].tagKeys }
        appendColumn(events) { $0.expiresAt?.seconds }
        appendColumn(events) { $0.raw.map(Bytea.init) }
        appendColumn(events) { $0.dialect.rawValue }
        appendColumn(events) { $0.address.flatMap { SQLUUID($0.bytes) } }
    }

    /// Sorted by event, then page: rows of one index page stand together, and writers meet in the same order.
    private mutating func appendSightings(_ pages: [RelayPage], _ ordinals: [Int32]) {
        var new: [(event: Int32, page: Int32)] = []
        var known: [(page: Int32, sighting: KnownSighting)] = []
        for (page, ordinal) in zip(pages, Int32(1)...) {
            new += page.newEvents.map { (ordinals[$0], ordinal) }
            known += page.known.map { (ordinal, $0) }
        }
        new.sort { ($0.event, $0.page) < ($1.event, $1.page) }
        known.sort { ($0.sighting.event, $0.page) < ($1.sighting.event, $1.page) }
        appendColumn(new) { $0.page }
        appendColumn(new) { $0.event }
        appendColumn(known) { $0.page }
        appendColumn(known) { $0.sighting.event }
        appendColumn(known) { $0.sighting.createdAt.seconds }
        appendColumn(known) { Int32($0.sighting.kind) }
        appendColumn(known) { $0.sighting.pubkey }
        let gone = flattened(pages) { $0.gone }
        appendColumn(gone) { $0.page }
        appendColumn(gone) { $0.item }
    }

    private mutating func appendDays(_ pages: [RelayPage]) {
        let days = flattened(pages) { $0.days.sorted { $0.day < $1.day } }
        appendColumn(days) { $0.page }
        appendColumn(days) { $0.item.day }
        appendColumn(days) { $0.item.sum.count }
        appendColumn(days) { $0.item.sum.idSum }
    }

    private mutating func appendTombstones(_ events: [Event]) {
        let stones = zip(events, Int32(1)...).flatMap { event, ordinal in
            event.tombstones.map { (event: ordinal, stone: $0) }
        }
        appendColumn(stones) { $0.event }
        appendColumn(stones) { Bytea($0.stone.key) }
        appendColumn(stones) { $0.stone.upTo.seconds }
    }

    private mutating func appendCoverage(_ pages: [RelayPage]) {
        let drops = flattened(pages) { $0.coverageDrop }
        appendColumn(drops) { $0.page }
        appendColumn(drops) { $0.item.seconds }
        let rows = flattened(pages) { $0.coveragePut }
        appendColumn(rows) { $0.page }
        appendColumn(rows) { $0.item.lo.seconds }
        appendColumn(rows) { $0.item.hi.seconds }
        appendColumn(rows) { $0.item.state }
        appendColumn(rows) { $0.item.proof }
        appendColumn(rows) { $0.item.pages }
        appendColumn(rows) { $0.item.items }
        appendColumn(rows) { $0.item.cap }
        appendColumn(rows) { $0.item.reason }
        appendColumn(rows) { $0.item.rescanAt?.seconds }
        appendColumn(rows) { $0.item.rescanStep }
    }

    private mutating func appendQuarantine(_ pages: [RelayPage]) {
        let rows = flattened(pages) { $0.quarantined }
        appendColumn(rows) { $0.page }
        appendColumn(rows) { $0.item.reason }
        appendColumn(rows) { $0.item.digest }
        appendColumn(rows) { Bytea(Array($0.item.raw.prefix(QuarantineRow.maxRawBytes))) }
    }

    /// What hangs on pages, each with the 1-based place of its page.
    private func flattened<Item>(_ pages: [RelayPage], _ items: (RelayPage) -> [Item]) -> [(page: Int32, item: Item)] {
        zip(pages, Int32(1)...).flatMap { page, ordinal in items(page).map { (ordinal, $0) } }
    }

    /// One column out of a list of rows.
    @inline(__always)
    mutating func appendColumn<Row, Value: SQLEncodable>(_ rows: [Row], _ value: (Row) -> Value?) {
        appendColumn(Value.self, count: rows.count) { value(rows[$0]) }
    }
}

extension Event {
    /// About what its columns take.
    fileprivate var columnBytes: Int { 400 + tagsJSON.count + content.count + tagKeys.count * 12 }
}

/// UTF-8 without NUL that is `text` already.
struct TextBytes: SQLEncodable {
    var bytes: [UInt8]
    static var sqlType: SQLType { .text }
    func encode(into writer: inout WireWriter) { writer.raw(bytes) }
}
