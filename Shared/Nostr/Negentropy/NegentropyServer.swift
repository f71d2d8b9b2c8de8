/// The side that answers. It remembers nothing between messages; when to end a session is up to the client.
public struct NegentropyServer: Sendable {
    private let items: NegentropySet
    private let limits: NegentropyLimits

    /// A server of the items that match a client's filter.
    public init(_ items: NegentropySet, limits: NegentropyLimits = .init()) {
        self.items = items
        self.limits = limits
    }

    /// The answer to a client's message. To another version it is the one byte of ours. Costs one pass over the items.
    public func answer(_ bytes: [UInt8]) throws(NegentropyError) -> [UInt8] {
        if let version = bytes.first, version != NegentropyMessage.version,
            NegentropyMessage.versions.contains(version)
        {
            return [NegentropyMessage.version]
        }
        let message = try NegentropyMessage.decode(bytes, limits: limits)
        var reconciler = NegentropyReconciler(items, isClient: false, frameBytes: limits.frameBytes)
        return reconciler.answer(message)
    }
}
