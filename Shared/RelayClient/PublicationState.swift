import Nostr

/// The decisions of one EVENT that was sent, without socket and clock.
struct PublicationState {
    /// What happens to it.
    enum Input {
        /// OK for its id.
        case ok(isAccepted: Bool, message: String)
        case lost(RelayError)
        case cancelled
        /// Time goes by: monotonic time, and whether we make the relay wait.
        case tick(now: Duration, isPaused: Bool)
    }

    private let timeout: Duration
    private var lastTick: Duration
    private var waitingSince: Duration

    /// The EVENT is sent now.
    init(timeout: Duration, now: Duration) {
        self.timeout = timeout
        lastTick = now
        waitingSince = now
    }

    /// Takes an input; gives the end when that is it.
    mutating func handle(_ input: Input) -> PublicationEnd? {
        switch input {
        case .ok(true, let message): return .accepted(message: message)
        case .ok(false, let message): return .refused(prefix: ReasonPrefix(message: message), message: message)
        case .lost(let error): return .broken(error)
        case .cancelled: return .cancelled
        case .tick(let now, let isPaused):
            let elapsed = now - lastTick
            lastTick = now
            if isPaused { waitingSince = min(now, waitingSince + elapsed) }
            return !isPaused && now - waitingSince >= timeout ? .unanswered : nil
        }
    }
}
