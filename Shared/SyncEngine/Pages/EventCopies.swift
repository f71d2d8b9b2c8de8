internal import Nostr

/// The events of a page as they came: of each the first copy, and beside it those under other signatures. Which of the
/// signatures are right is not known yet: the first copy may be forged, and the second not.
struct EventCopies {
    private struct Signed: Hashable {
        let id: EventID
        let signature: Signature
    }

    /// No id twice.
    private(set) var first: [FetchedPage.Item] = []
    /// No id twice with the same signature, and none with that of its first copy.
    private(set) var further: [FetchedPage.Item] = []
    private var places: [EventID: Int] = [:]
    private var seen: Set<Signed> = []

    /// Room for so many events.
    init(capacity: Int) { first.reserveCapacity(capacity) }

    /// Takes an event in, unless the very same came before.
    mutating func add(_ item: FetchedPage.Item) {
        let event = item.event
        guard let place = places[event.id] else {
            places[event.id] = first.count
            first.append(item)
            return
        }
        guard event.signature != first[place].event.signature else { return }
        if seen.insert(Signed(id: event.id, signature: event.signature)).inserted { further.append(item) }
    }
}
