public import Database
public import Nostr

/// What one visit of a relay did.
public struct VisitReport: Sendable {
    /// How the visit ended; decides when the relay is due again.
    public enum Ending: Sendable, Equatable {
        /// Everything that was to be read was read.
        case complete
        /// The visit's time was over, or the service stops; the rest goes on at once.
        case yielded
        /// The relay could not be reached, or its pages proved nothing. The word is for logs and metrics.
        case failed(String)
        /// The relay cannot be read by pages.
        case unpageable(CoverageReason)
        /// Another replica works on the relay now; nothing of the last page was stored.
        case leaseLost
        /// An operator wants the relay left alone; it was not dialled.
        case ignored
        /// The database failed; the relay is not to blame. The word is a `DatabaseError` kind.
        case databaseFailed(String)
    }

    /// The relay.
    public let relay: RelayID
    /// Its network.
    public let network: Network
    /// How the visit ended.
    public var ending = Ending.complete
    /// Pages received.
    public var pages = 0
    /// Bytes of event JSON received.
    public var bytes = 0
    /// EVENT messages received.
    public var eventsReceived = 0
    /// Events that were stored.
    public var eventsNew = 0
    /// Events that were in the archive already.
    public var eventsKnown = 0
    /// Sightings that were stored.
    public var sightingsNew = 0
    /// Events of kinds that are not stored.
    public var eventsEphemeral = 0
    /// Signatures checked.
    public var signaturesChecked = 0
    /// Rejected events by reason.
    public var rejected: [String: Int] = [:]
    /// Newest second that counts as read after the visit.
    public var sealedHi: UnixTime?
    /// Largest conclusive page.
    public var capSeen = 0

    init(relay: RelayID, network: Network) {
        self.relay = relay
        self.network = network
    }

    mutating func count(_ page: FetchedPage) {
        pages += 1
        bytes += page.byteCount
        eventsReceived += page.facts.received
        capSeen = max(capSeen, page.facts.received)
    }

    mutating func count(_ prepared: PreparedPage) {
        signaturesChecked += prepared.verified
        eventsEphemeral += prepared.ephemeral
        for event in prepared.rejected { rejected[event.reason, default: 0] += 1 }
    }

    mutating func count(_ answer: CommitAnswer) {
        eventsNew += answer.eventsNew
        eventsKnown += answer.eventsKnown
        sightingsNew += answer.sightingsNew
    }
}
