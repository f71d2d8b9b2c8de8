/// What one event may cost before it is refused.
public struct EventLimits: Sendable, Equatable {
    /// Greatest size of the JSON in bytes. Too small loses valid events.
    public var maxBytes: Int
    /// Most members besides the seven of NIP-01. They are skipped, but their names are compared with one another.
    public var maxExtraFields: Int
    /// Most levels of JSON: the event's own object, `tags` and one tag are three, and NIP-01 has no more. Only members
    /// that it does not know can be deeper.
    public var maxDepth: Int

    /// 4 MiB, 32 extra members and three levels unless told otherwise.
    public init(maxBytes: Int = 4 << 20, maxExtraFields: Int = 32, maxDepth: Int = 3) {
        self.maxBytes = maxBytes
        self.maxExtraFields = maxExtraFields
        self.maxDepth = maxDepth
    }

    /// For events whose bytes are bounded already, by the message that brings them or because they are ours.
    public static let anySize = EventLimits(maxBytes: .max)

    /// For events that were taken once: whatever was allowed then is read again. No setting allows more levels.
    static let ofArchive = EventLimits(maxBytes: .max, maxDepth: 64)
}
