import Nostr

/// Subscriptions that an EOSE ended: what comes for them afterwards and is not new belongs to an answer that the relay
/// had called whole.
struct RecentEnds {
    /// One or two events may be new although they are dated back: stored between the EOSE and our CLOSE.
    private static let tolerated = 2
    /// Further back nothing is kept in mind; a relay that is later than that has lost count itself.
    private static let kept = 32

    private var ends: [(number: Int, storedUntil: UnixTime, late: Int)] = []

    mutating func add(_ number: Int, storedUntil: UnixTime) {
        ends.append((number, storedUntil, 0))
        if ends.count > Self.kept { ends.removeFirst() }
    }

    /// Counts an event for it, as JSON; true once for each subscription, when there are too many to be new.
    mutating func isDenied(_ number: Int, by event: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let place = ends.firstIndex(where: { $0.number == number }),
            let createdAt = RejectedEvent.claimedCreatedAt(event), createdAt <= ends[place].storedUntil
        else { return false }
        ends[place].late += 1
        return ends[place].late == Self.tolerated + 1
    }
}
