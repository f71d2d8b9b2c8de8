/// What is read of one message of a relay, and kept of its texts.
public struct MessageLimits: Sendable, Equatable {
    /// Most levels of JSON, the message's own array among them. The event that it may carry has `EventLimits`.
    public var depth = JSONDepth.usual
    /// Most bytes that are kept of a message, notice or reason.
    public var textBytes = 512

    /// The defaults above.
    public init() {}
}
