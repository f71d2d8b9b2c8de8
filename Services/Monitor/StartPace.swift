/// When checks begin that were claimed together: one after the other, not all in the same moment. Pure.
///
/// Beginning is most of the work. Of a thousand that begin at once each waits for the others' handshakes: what is
/// measured as a relay's time is ours then, and each holds the memory of a handshake meanwhile.
struct StartPace: Sendable {
    /// From one to the next, unless there are so many that the last would wait too long.
    static let pause = Duration.milliseconds(4)
    /// The longest wait: a lease goes on meanwhile.
    static let longestWait = Duration.seconds(10)

    private let pause: Duration
    private var next = Duration.zero

    /// - Parameter most: checks at one time.
    init(most: Int) { pause = min(Self.pause, Self.longestWait / max(most, 1)) }

    /// When the next one would begin.
    func turn(at now: Duration) -> Duration { max(next, now) }

    /// How long the next one waits.
    mutating func take(at now: Duration) -> Duration {
        let begin = turn(at: now)
        next = begin + pause
        return begin - now
    }
}
