import Crypto
import Nostr

extension PagesBatch {
    /// The batch with some of its pages and the events seen on them.
    func part(_ pages: some Collection<RelayPage>) -> PagesBatch {
        var places: [Int: Int] = [:]
        var events: [Event] = []
        let moved = pages.map { page in
            var page = page
            page.newEvents = page.newEvents.map { old in
                if let place = places[old] { return place }
                places[old] = events.count
                events.append(self.events[old])
                return events.count - 1
            }
            return page
        }
        return PagesBatch(owner: owner, pages: moved, events: events)
    }
}

extension RelayPage {
    /// Takes an event that cannot be stored out of the day sums and puts it into quarantine.
    mutating func leaveOut(_ event: Event, because error: DatabaseError) {
        let day = DaySum.day(of: event.createdAt)
        for place in days.indices where days[place].day == day { days[place].sum.subtract(event.id) }
        let json = event.json
        quarantined.append(
            QuarantineRow(
                reason: "unstorable_\(error.sqlState ?? error.kind.rawValue)", digest: SHA256.hash(json), raw: json))
    }
}
