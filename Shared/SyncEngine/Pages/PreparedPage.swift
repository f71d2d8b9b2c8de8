internal import Database
internal import Nostr

/// A page ready to be stored, in parts of which each fits one database call. At least one part, perhaps empty:
/// a page without events still moves frontiers.
struct PreparedPage: Sendable {
    /// One call's rows.
    struct Part: Sendable {
        /// New events, verified.
        var events: [Event] = []
        /// Events stored already but not yet seen on this relay.
        var known: [KnownSighting] = []
        /// `events.id` of sightings that the relay no longer has.
        var gone: [Int64] = []
        /// What is kept of rejected events.
        private(set) var rejected: [FetchedPage.Rejected] = []
        /// Absolute day sums after this part.
        var days: [(day: Int32, sum: DaySum)] = []
        /// Event bytes.
        private(set) var bytes = 0
        /// Rows of any sort.
        var rows: Int { events.count + known.count + gone.count + rejected.count }

        mutating func add(_ event: Event) {
            events.append(event)
            bytes += event.byteCount
        }

        fileprivate mutating func leaveOut(_ events: [RefusedEvent]) {
            for event in events {
                let day = DaySum.day(of: event.createdAt)
                for index in days.indices where days[index].day == day { days[index].sum.subtract(event.id) }
            }
        }

        mutating func add(_ event: FetchedPage.Rejected) {
            rejected.append(event)
            bytes += event.bytes.count
        }
    }

    /// A valid event of the page.
    struct Shown: Sendable, Equatable {
        let id: EventID
        let createdAt: UnixTime
        let kind: UInt16
        let pubkey: PublicKey
        /// Not linked to the relay before.
        let isFresh: Bool
    }

    var parts: [Part] = []
    /// All valid events of kinds that are stored.
    var shown: [Shown] = []
    /// Rejected events with their reasons.
    private(set) var rejected: [FetchedPage.Rejected] = []
    /// Signatures checked.
    var verified = 0
    /// Events found in the archive already.
    var known = 0
    /// Events that the page before had shown too.
    var again = 0
    /// Valid signatures of events that have another one already.
    var secondSignatures = 0
    /// Events of kinds that are not stored, whoever signed them; each once, however often the page has it. One that is
    /// shown by two pages counts twice: what was on pages before is not kept in mind for them.
    var ephemeral: Set<EventID> = []
    /// Events that were erased because their author vanished (NIP-62), whoever signed what came; each once.
    var erased: Set<EventID> = []
    /// Events that the database refused earlier in the visit: they are not sent again.
    var refused: Set<EventID> = []
    /// What it holds of the memory of all, until it is stored.
    var loan: PageLoan?

    /// True where the page brings no row.
    var isEmpty: Bool { rejected.isEmpty && parts.allSatisfy { $0.rows == 0 } }

    /// Events that came as they were asked for. A forgery brings nothing; what is never stored need not be more than
    /// there.
    var delivered: Set<EventID> { ephemeral.union(erased).union(refused).union(shown.lazy.map(\.id)) }

    /// It brings events that the archive lacks.
    var hasNewEvents: Bool { parts.contains { !$0.events.isEmpty } }

    mutating func count(_ more: [FetchedPage.Rejected]) { rejected += more }

    /// Takes out what the database refused of this page or of one before it: the sums count it.
    mutating func leaveOut(_ events: [RefusedEvent]) {
        guard !events.isEmpty else { return }
        let ids = Set(events.map(\.id))
        shown.removeAll { ids.contains($0.id) }
        for index in parts.indices { parts[index].leaveOut(events) }
    }

    /// What is left to be written of it once its rows were: the change that it justifies, and what a comparison finds.
    mutating func rowsAreStored() {
        parts = [Part()]
        rejected = []
    }
}
