/// Subscriptions that an EOSE ended and that nothing stored since can match: what comes for them afterwards is an answer
/// that the relay had called whole.
struct RecentEnds {
    /// One or two events may be new although they are dated back: stored between the EOSE and our CLOSE.
    private static let tolerated = 2
    /// Further back nothing is kept in mind; a relay that is later than that has lost count itself.
    private static let kept = 32

    private var ends: [(number: Int, late: Int)] = []

    mutating func add(_ number: Int) {
        ends.append((number, 0))
        if ends.count > Self.kept { ends.removeFirst() }
    }

    /// Counts an event for it; true once for each subscription, when there are too many to be new.
    mutating func isDenied(_ number: Int) -> Bool {
        guard let place = ends.firstIndex(where: { $0.number == number }) else { return false }
        ends[place].late += 1
        return ends[place].late == Self.tolerated + 1
    }
}
