internal import Crypto

/// One range of a message: from a bound up to and without another, and what the sender says of the events in it.
struct NegentropyRange: Equatable, Sendable {
    /// What is said of a range.
    enum Content: Equatable, Sendable {
        /// Nothing more to do here.
        case skip
        /// The fingerprint of all ids that the sender has here.
        case fingerprint(NegentropyFingerprint)
        /// All ids that the sender has here.
        case ids([EventID])
    }

    /// The numbers of the contents on the wire.
    enum Mode: UInt64 {
        case skip = 0
        case fingerprint = 1
        case ids = 2
    }

    /// Where it begins; on the wire it is the end of the range before.
    let lower: NegentropyBound
    /// Where it ends; never before `lower`. An empty range is allowed: servers that were cut short at the end send one.
    let upper: NegentropyBound
    /// What the sender says.
    let content: Content

    /// The whole seconds it touches; nil when it is empty.
    var seconds: ClosedRange<UInt64>? {
        guard lower.position < upper.position else { return nil }
        let first = lower.position.timestamp
        let last = upper.position.timestamp
        // A bound without id bytes lies before all events of its second.
        let endsBefore = upper.position.id == .zero && last > first
        return first...(endsBefore ? last - 1 : last)
    }
}
