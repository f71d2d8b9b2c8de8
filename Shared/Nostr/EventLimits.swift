/// What one event may cost before it is refused.
public struct EventLimits: Sendable, Equatable {
    /// Greatest size of the JSON in bytes. Too small loses valid events.
    public var maxBytes: Int
    /// Most members besides the seven of NIP-01. They are skipped, but their names are compared with one another.
    public var maxExtraFields: Int

    /// 4 MiB and 32 extra members unless told otherwise.
    public init(maxBytes: Int = 4 << 20, maxExtraFields: Int = 32) {
        self.maxBytes = maxBytes
        self.maxExtraFields = maxExtraFields
    }

    /// Nesting inside an event: the object, `tags`, one tag. Not a setting, the protocol has no deeper value.
    static let maxDepth = 3
}
