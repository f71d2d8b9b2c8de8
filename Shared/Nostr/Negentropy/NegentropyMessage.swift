/// One message of set reconciliation, decoded: adjacent ranges from the beginning of time. What stands behind the last
/// range is skipped.
public struct NegentropyMessage: Equatable, Sendable {
    /// The first byte of every message of protocol version 1.
    static let version: UInt8 = 0x61
    /// First bytes by which other versions are known; a server answers them with the one it speaks.
    static let versions: ClosedRange<UInt8> = 0x60...0x6F

    /// The ranges in order; the bounds ascend.
    let ranges: [NegentropyRange]
    /// How long it was in bytes.
    public let byteCount: Int

    /// Reads a message that was decoded from hex. Needs no items: which ones an answer needs,
    /// `NegentropyClient.spans(for:within:)` says. Nothing is allocated for ids that are announced but not there.
    public static func decode(
        _ bytes: [UInt8], limits: NegentropyLimits = .init()
    ) throws(NegentropyError) -> NegentropyMessage {
        guard bytes.count <= limits.maxMessageBytes else { throw .messageTooLong }
        guard let first = bytes.first else { throw .truncated }
        guard first == version else { throw .unsupportedVersion }
        var reader = NegentropyReader(bytes.dropFirst())
        var ranges: [NegentropyRange] = []
        var lower = NegentropyBound.start
        while !reader.isAtEnd {
            // The reference adds one empty range at infinity when its frame is full just there, but never a second.
            if lower.isInfinite, ranges.last?.lower.isInfinite == true { throw .trailingData }
            let range = try reader.range(from: lower)
            ranges.append(range)
            lower = range.upper
        }
        return NegentropyMessage(ranges: ranges, byteCount: bytes.count)
    }
}
