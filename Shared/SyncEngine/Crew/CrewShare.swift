internal import Database
internal import Synchronization

/// What a crew knows of the other replicas of its lane: whether one of them waits for work, and how many relays are its
/// own fair part then. Pure.
///
/// Visits end by themselves within a minute or so, but a relay that is followed, and a history that goes on, stay where
/// they are. A replica that has just started would have nothing to do.
struct CrewShare: Sendable, Equatable {
    /// From one look at the other replicas to the next.
    static let interval = Duration.seconds(5)
    /// Relays let go at one look: their connections are opened anew elsewhere.
    private static let mostLetGo = 100

    /// When to look again, by the monotonic clock.
    var lookAt = Duration.zero
    /// The last claim found nothing, although there was room.
    var wantsWork = false
    /// Relays to hold at most, while another replica takes what is due; nil for as many as there are slots.
    private(set) var mostHeld: Int?

    /// Takes in how the lane's relays are spread.
    /// - Parameter running: relays this crew holds.
    /// - Returns: how many of them to let go. Up to a quarter more than the fair part is left alone, so that relays do
    ///   not go back and forth.
    mutating func look(_ share: WorkShare, running: Int) -> Int {
        guard share.wanting > 0, share.replicas > 1 else {
            mostHeld = nil
            return 0
        }
        let fair = (share.held + share.replicas - 1) / share.replicas
        mostHeld = max(fair, 1)
        guard running * 4 > fair * 5 else { return 0 }
        return min(running - fair, Self.mostLetGo)
    }

    /// What may be claimed into so many free slots. Up to the own part it is what is due; beyond it only what nobody
    /// took for a while, for the other one may have died since it asked.
    func claim(_ free: Int, running: Int) -> (limit: Int, overdueBy: Duration) {
        guard let mostHeld else { return (free, .zero) }
        return running < mostHeld ? (min(free, mostHeld - running), .zero) : (free, Self.interval)
    }
}

/// The share of a crew, from one cycle to the next.
final class ShareBook: Sendable {
    private let share = Mutex(CrewShare())

    func update<Result>(_ body: (inout CrewShare) -> Result) -> Result { share.withLock { body(&$0) } }
}
