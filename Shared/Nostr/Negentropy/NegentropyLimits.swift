/// What a session of set reconciliation may cost. All sizes are of binary messages; as hex they are twice as long.
public struct NegentropyLimits: Sendable, Equatable {
    /// Longest message that is read. Too small ends sessions with relays that send long lists of ids: strfry sends
    /// up to 500,000 bytes.
    public let maxMessageBytes: Int
    /// Longest message that is written; nil for no limit. A relay refuses what is longer than its own limit, and a
    /// small one costs rounds.
    public let frameBytes: Int?
    /// Most messages of the other side in a session. Too small ends sessions whose sets differ much: one message of
    /// strfry brings about 15,600 ids.
    public let maxRounds: Int
    /// Most bytes of a session in both directions; it bounds the ids that a session can report and remember.
    public let maxSessionBytes: Int

    /// Shortest frame: a range and the fingerprint of all that follows must fit.
    public static let minFrameBytes = 4_096

    /// 1 MiB a message read, 60,000 bytes a message written (128 KiB of hex is what relays take), 64 rounds, 16 MiB.
    public init(
        maxMessageBytes: Int = 1 << 20, frameBytes: Int? = 60_000, maxRounds: Int = 64,
        maxSessionBytes: Int = 16 << 20
    ) {
        if let frameBytes { precondition(frameBytes >= Self.minFrameBytes, "a frame has at least 4,096 bytes") }
        self.maxMessageBytes = maxMessageBytes
        self.frameBytes = frameBytes
        self.maxRounds = maxRounds
        self.maxSessionBytes = maxSessionBytes
    }
}
