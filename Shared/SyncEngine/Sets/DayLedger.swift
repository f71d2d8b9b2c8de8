internal import Database
internal import Nostr

/// The day fingerprints of one relay in memory: per day the number of sightings and the sum of their ids.
///
/// The fence makes this replica the relay's only writer, so the sums are known before the call that stores them
/// and go in as absolute values. What a failed commit leaves behind is thrown away with the ledger; single events that
/// a commit could not store are taken out.
struct DayLedger: Sendable {
    private var sums: [Int32: DaySum] = [:]

    /// Days among `seconds` that must be read from the database before they can be added to.
    func missingDays(_ seconds: some Sequence<UnixTime>) -> [Int32] {
        Set(seconds.map(DaySum.day(of:))).subtracting(sums.keys).sorted()
    }

    /// Takes in what the database holds for `days`; an absent day is empty.
    mutating func load(_ days: [Int32], _ stored: [Int32: DaySum]) {
        for day in days { sums[day] = stored[day] ?? DaySum() }
    }

    /// Adds one sighting and gives its day.
    mutating func add(_ id: EventID, at second: UnixTime) -> Int32 {
        let day = DaySum.day(of: second)
        sums[day, default: DaySum()].add(id)
        return day
    }

    /// Takes one sighting away and gives its day.
    mutating func subtract(_ id: EventID, at second: UnixTime) -> Int32 {
        let day = DaySum.day(of: second)
        sums[day, default: DaySum()].subtract(id)
        return day
    }

    /// Takes out an event that was added and not stored. A day that is not in memory is read without it.
    mutating func leaveOut(_ event: RefusedEvent) {
        sums[DaySum.day(of: event.createdAt)]?.subtract(event.id)
    }

    /// The absolute sums of `days`, ascending.
    func values(of days: Set<Int32>) -> [(day: Int32, sum: DaySum)] {
        days.sorted().map { ($0, sums[$0] ?? DaySum()) }
    }

    /// Forgets days that no page touches any more, so that memory does not grow with the history.
    mutating func forget(all except: Set<Int32>) {
        sums = sums.filter { except.contains($0.key) }
    }
}
