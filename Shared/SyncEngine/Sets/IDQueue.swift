internal import Database
internal import Nostr

/// Ids that are to be downloaded from a relay, in the order in which it is asked for them. Pure.
///
/// Of relays that are read at the same time the archive lacks the same events. Each begins at another place, so that
/// they share the work instead of doing it side by side; and what was stored meanwhile is left out, which is why ids
/// are looked up a few at a time, right before they are asked for.
struct IDQueue: Sendable {
    /// What becomes of ids that were looked up.
    struct Taken: Sendable, Equatable {
        /// To be asked for.
        var wanted: [EventID] = []
        /// Stored meanwhile.
        var stored: [EventID] = []
    }

    /// In reverse: the next one is the last.
    private var left: [EventID]
    /// Ids of one request.
    private(set) var size: Int
    private let mostLookedUp: Int
    /// Ids looked up at once: more while all of them turn out to be stored.
    private var reach: Int

    /// - Parameters:
    ///   - size: ids of a request.
    ///   - mostLookedUp: ids that one look-up takes.
    init(_ ids: [EventID], for relay: RelayID, size: Int, mostLookedUp: Int) {
        let start = Self.start(of: relay, among: ids.count)
        left = (ids[start...] + ids[..<start]).reversed()
        self.size = max(size, 1)
        self.mostLookedUp = max(mostLookedUp, size, 1)
        reach = self.size
    }

    /// The ids to be looked up next; empty at the end.
    var next: [EventID] { left.suffix(reach).reversed() }

    /// Takes the next ids out, as far as one request reaches.
    mutating func take(unless isStored: (EventID) -> Bool) -> Taken {
        let all = next.count
        var taken = Taken()
        while taken.wanted.count < size, taken.wanted.count + taken.stored.count < all, let id = left.popLast() {
            if isStored(id) { taken.stored.append(id) } else { taken.wanted.append(id) }
        }
        reach = taken.wanted.isEmpty ? min(reach * 2, mostLookedUp) : size
        return taken
    }

    /// Puts ids back whose events were too much for one answer, and asks for fewer at a time.
    /// - Returns: false where it was one id alone; then it is not put back.
    mutating func giveBack(_ ids: [EventID]) -> Bool {
        guard size > 1 else { return false }
        left += ids.reversed()
        size /= 2
        reach = size
        return true
    }

    /// Fibonacci hashing: however many relays follow each other, their places are spread evenly.
    static func start(of relay: RelayID, among count: Int) -> Int {
        let place = UInt32(truncatingIfNeeded: relay.value) &* 2_654_435_769
        return Int((UInt64(place) * UInt64(clamping: count)) >> 32)
    }
}
