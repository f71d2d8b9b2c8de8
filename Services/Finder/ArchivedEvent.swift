/// What the scan needs of a stored event.
struct ArchivedEvent: Sendable {
    /// Where it stands in the order of storing.
    var position: ScanPosition
    /// Unix seconds of its batch.
    var committedAt: Int64
    /// What it says; nil when it was erased meanwhile.
    var body: Body?

    /// Kind, author and texts.
    struct Body: Sendable {
        /// 0...65535.
        var kind: UInt16
        /// First 8 bytes of the public key, big-endian.
        var author: Int64
        /// JSON text.
        var tags: [UInt8]
        /// UTF-8.
        var content: [UInt8]
    }
}
