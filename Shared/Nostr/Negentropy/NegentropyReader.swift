internal import Crypto

/// Takes the parts of a message from the front of its bytes.
struct NegentropyReader {
    private var rest: ArraySlice<UInt8>
    /// Times on the wire are differences to the one before.
    private var lastTimestamp: UInt64 = 0

    /// A reader of the ranges behind the version byte.
    init(_ ranges: ArraySlice<UInt8>) { rest = ranges }

    /// True when everything was taken.
    var isAtEnd: Bool { rest.isEmpty }

    /// Takes a range that begins where the one before has ended.
    mutating func range(from lower: NegentropyBound) throws(NegentropyError) -> NegentropyRange {
        let upper = try bound()
        guard lower.position <= upper.position else { throw .boundsNotAscending }
        return NegentropyRange(lower: lower, upper: upper, content: try content())
    }

    private mutating func bound() throws(NegentropyError) -> NegentropyBound {
        let timestamp = try timestamp()
        let count = try varint()
        guard count <= 32 else { throw .idPrefixTooLong }
        return NegentropyBound(timestamp: timestamp, prefix: try bytes(Int(count)))
    }

    private mutating func content() throws(NegentropyError) -> NegentropyRange.Content {
        switch NegentropyRange.Mode(rawValue: try varint()) {
        case .skip: return .skip
        case .fingerprint:
            let bytes = try bytes(NegentropyFingerprint.byteCount)
            guard let fingerprint = NegentropyFingerprint(bytes) else { throw .truncated }
            return .fingerprint(fingerprint)
        case .ids: return .ids(try ids())
        case nil: throw .unknownMode
        }
    }

    private mutating func ids() throws(NegentropyError) -> [EventID] {
        let count = try varint()
        // Before anything is allocated: the number is foreign, the bytes at hand are not.
        guard count <= UInt64(clamping: rest.count / 32) else { throw .idListTooLong }
        var ids: [EventID] = []
        ids.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let id = EventID(try bytes(32)) else { throw .truncated }
            ids.append(id)
        }
        return ids
    }

    /// Zero is infinity; everything else is one more than the difference to the time before.
    private mutating func timestamp() throws(NegentropyError) -> UInt64 {
        let difference = try varint()
        if difference == 0 {
            lastTimestamp = .max
        } else {
            let (sum, isOver) = lastTimestamp.addingReportingOverflow(difference - 1)
            guard !isOver else { throw .timestampOverflow }
            lastTimestamp = sum
        }
        return lastTimestamp
    }

    /// Seven bits a byte, most significant first; all bytes but the last have the high bit.
    private mutating func varint() throws(NegentropyError) -> UInt64 {
        var value: UInt64 = 0
        while let byte = rest.popFirst() {
            guard value >> 57 == 0 else { throw .varintOverflow }
            value = value << 7 | UInt64(byte & 0x7F)
            if byte < 0x80 { return value }
        }
        throw .truncated
    }

    private mutating func bytes(_ count: Int) throws(NegentropyError) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw .truncated }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
