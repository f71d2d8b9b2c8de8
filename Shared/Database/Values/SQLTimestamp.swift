/// A `timestamptz`: microseconds since 1970-01-01 00:00:00 UTC.
///
/// The wire counts from 2000; the difference is applied here and nowhere else. Times after the year 294246, which the
/// database can hold and this cannot, read as infinity.
public struct SQLTimestamp: Hashable, Sendable, Comparable {
    /// Microseconds since 1970, negative before.
    public var microseconds: Int64

    /// From microseconds since 1970.
    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// From whole seconds since 1970; what does not fit is held at the end of the range.
    public init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        microseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    /// Whole seconds since 1970, rounded down.
    public var seconds: Int64 { microseconds.quotientRoundedDown(1_000_000) }

    /// Earlier comes first.
    public static func < (one: SQLTimestamp, other: SQLTimestamp) -> Bool { one.microseconds < other.microseconds }

    /// Microseconds between 1970 and 2000.
    static let epochShift: Int64 = 946_684_800_000_000

    /// What goes over the wire. The two extreme values stand for `infinity` and `-infinity` on both sides.
    var wire: Int64 {
        if microseconds == .max || microseconds == .min { return microseconds }
        let (difference, overflow) = microseconds.subtractingReportingOverflow(Self.epochShift)
        return overflow ? .min : difference
    }

    /// What came over the wire.
    init(wire: Int64) {
        if wire == .max || wire == .min {
            microseconds = wire
        } else {
            let (sum, overflow) = wire.addingReportingOverflow(Self.epochShift)
            microseconds = overflow ? .max : sum
        }
    }
}

extension Int64 {
    /// Division that rounds towards negative infinity; the divisor is positive.
    fileprivate func quotientRoundedDown(_ divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
