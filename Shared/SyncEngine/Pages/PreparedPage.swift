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
    /// What it holds of the memory of all, until it is stored.
    var loan: PageLoan?

    /// True where the page brings no row.
    var isEmpty: Bool { rejected.isEmpty && parts.allSatisfy { $0.rows == 0 } }

    /// Events that came as they were asked for. A forgery brings nothing; what is never stored need not be more than
    /// there.
    var delivered: Set<EventID> { ephemeral.union(erased).union(shown.lazy.map(\.id)) }

    mutating func count(_ more: [FetchedPage.Rejected]) { rejected += more }
}
