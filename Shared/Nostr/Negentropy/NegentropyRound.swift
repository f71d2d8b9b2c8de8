/// What one message of the other side has brought.
public struct NegentropyRound: Equatable, Sendable {
    /// Ids that we have and the relay has not, as it claims; none was reported before.
    public let have: [EventID]
    /// Ids that the relay has and we have not, as it claims; none was reported before.
    public let need: [EventID]
    /// What to send next; nil when the session has come to its end and the sets are known to the last id.
    public let reply: [UInt8]?
}
