/// When to send a ping and when to take the peer for dead, asked once an interval.
struct KeepAlive: Equatable {
    /// What one turn of the interval asks for.
    enum Action: Equatable {
        case nothing
        case ping
        case dead
    }

    /// Pings that may stay without any answer.
    static let maxMissed = 2

    private var hasHeard = true
    private var missed = 0

    /// Any byte of the peer is a sign of life.
    mutating func heard() { hasHeard = true }

    /// While we do not read, silence says nothing about the peer.
    mutating func tick(isReading: Bool) -> Action {
        guard isReading, !hasHeard else {
            missed = 0
            hasHeard = false
            return .nothing
        }
        guard missed < Self.maxMissed else { return .dead }
        missed += 1
        return .ping
    }
}
