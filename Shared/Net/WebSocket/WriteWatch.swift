/// Watches whether the peer takes what we send.
struct WriteWatch: Equatable {
    /// Bytes accepted for sending that the kernel has not taken.
    private(set) var queuedBytes = 0
    private var hasProgressed = false
    private var wasWaiting = false

    /// Counts bytes that begin to wait.
    mutating func queued(_ count: Int) { queuedBytes += count }

    /// Counts bytes that the kernel took.
    mutating func written(_ count: Int) {
        queuedBytes -= count
        hasProgressed = true
    }

    /// Asked once a deadline: false when bytes waited the whole time since it was asked last and none went out.
    mutating func isAlive() -> Bool {
        let isStuck = wasWaiting && queuedBytes > 0 && !hasProgressed
        wasWaiting = queuedBytes > 0
        hasProgressed = false
        return !isStuck
    }
}
