public import Crypto

/// The events of one stretch of time, known by number and sum alone: enough to begin a session without loading ids.
public struct NegentropyBucket: Sendable, Equatable {
    /// Its first second. It ends where the next bucket begins.
    public let start: UnixTime
    /// Number of events.
    public let count: Int
    /// The sum of their ids as little-endian numbers modulo 2^256, 32 bytes little-endian.
    public let idSum: Bytes32

    /// A bucket whose sum is known, as that of a day. The number is held within 0...2^31-1, so that no total overflows.
    public init(start: UnixTime, count: Int, idSum: Bytes32) {
        self.start = start
        self.count = Int(Int32(clamping: max(count, 0)))
        self.idSum = idSum
    }

    /// A bucket of items at hand, as of a day that a window takes in only in part.
    public init(start: UnixTime, items: NegentropySet) {
        let sum = items.sum(0..<items.count)
        self.init(start: start, count: sum.count, idSum: sum.value)
    }
}
