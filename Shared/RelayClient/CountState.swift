import Nostr

/// The decisions of one COUNT (NIP-45), without socket and clock.
struct CountState {
    /// What happens to it.
    enum Input {
        /// COUNT with its number, nil when it was none.
        case count(Int64?, isApproximate: Bool)
        case closed(ReasonPrefix?, String)
        /// A NOTICE; it names no id, so it may be meant for somebody else.
        case notice(String)
        case lost(RelayError)
        case cancelled
        /// Time goes by: monotonic time, and whether we make the relay wait.
        case tick(now: Duration, isPaused: Bool)
    }

    /// More events than any relay has: such an answer is a lie or a fault.
    static let maxCount: Int64 = 1 << 40

    private let timeout: Duration
    private var isRateLimited = false
    private var lastTick: Duration
    private var waitingSince: Duration

    /// COUNT is sent now.
    init(timeout: Duration, now: Duration) {
        self.timeout = timeout
        lastTick = now
        waitingSince = now
    }

    /// Takes an input; gives the end when that is it.
    mutating func handle(_ input: Input) -> CountEnd? {
        switch input {
        case .count(let count?, let isApproximate) where count <= Self.maxCount:
            return .count(count, isApproximate: isApproximate)
        case .count: return .malformed
        case .closed(let prefix, let text): return .closed(prefix: prefix, message: text)
        case .notice(let text):
            let notice = NoticeText(text)
            isRateLimited = isRateLimited || notice.speaksOfLimit
            return notice.refuses(.count) ? .unsupported(text) : nil
        case .lost(let error): return .broken(error)
        case .cancelled: return .cancelled
        case .tick(let now, let isPaused): return tick(now, isPaused)
        }
    }

    private mutating func tick(_ now: Duration, _ isPaused: Bool) -> CountEnd? {
        let elapsed = now - lastTick
        lastTick = now
        if isPaused { waitingSince = min(now, waitingSince + elapsed) }
        guard !isPaused, now - waitingSince >= timeout else { return nil }
        return isRateLimited ? .rateLimited : .unsupported("")
    }
}
