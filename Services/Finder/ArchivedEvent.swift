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
        /// The author's public key, 32 bytes.
        var pubkey: [UInt8]
        /// JSON text.
        var tags: [UInt8]
        /// UTF-8.
        var content: [UInt8]

        /// First 8 bytes of the public key, big-endian.
        var author: Int64 { pubkey.prefix(8).reduce(0) { $0 << 8 | Int64($1) } }
    }
}
