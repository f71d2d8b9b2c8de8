internal import Crypto

/// Writes the ranges of one message.
struct NegentropyWriter {
    /// The message so far.
    private(set) var bytes: [UInt8] = [NegentropyMessage.version]
    /// Times on the wire are differences to the one before.
    private var lastTimestamp: UInt64 = 0

    /// Appends a range that nothing more is to be done about.
    mutating func skip(to upper: NegentropyBound) { begin(upper, .skip) }

    /// Appends a range with the fingerprint of our ids in it.
    mutating func range(to upper: NegentropyBound, _ fingerprint: NegentropyFingerprint) {
        begin(upper, .fingerprint)
        bytes.append(contentsOf: fingerprint.bytes)
    }

    /// Appends a range with our ids in it.
    mutating func range(to upper: NegentropyBound, _ items: ArraySlice<NegentropyItem>) {
        begin(upper, .ids)
        Self.append(varint: UInt64(clamping: items.count), to: &bytes)
        bytes.reserveCapacity(bytes.count + items.count * 32)
        for item in items { item.id.withUnsafeBytes { bytes.append(contentsOf: $0) } }
    }

    /// Takes back what was written behind so many bytes. What follows must end at infinity, whose time is absolute.
    mutating func cut(to count: Int) { bytes.removeLast(max(bytes.count - count, 0)) }

    /// Appends a number in as few digits of seven bits as it needs, most significant first.
    static func append(varint value: UInt64, to bytes: inout [UInt8]) {
        var shift = (63 - value.leadingZeroBitCount) / 7 * 7
        while shift > 0 {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)) | 0x80)
            shift -= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: value & 0x7F))
    }

    private mutating func begin(_ upper: NegentropyBound, _ mode: NegentropyRange.Mode) {
        let timestamp = upper.position.timestamp
        // Bounds ascend, so the difference is never negative; if it were, the other side would refuse the message.
        let difference = upper.isInfinite ? 0 : max(timestamp, lastTimestamp) - lastTimestamp + 1
        lastTimestamp = timestamp
        Self.append(varint: difference, to: &bytes)
        Self.append(varint: UInt64(upper.prefixCount), to: &bytes)
        bytes.append(contentsOf: upper.position.id.bytes.prefix(upper.prefixCount))
        Self.append(varint: mode.rawValue, to: &bytes)
    }
}
