import Glibc

/// A point of time as logs spell it.
public struct LogTime: Sendable, Hashable {
    /// Milliseconds since 1970-01-01 00:00:00 UTC.
    public let milliseconds: Int64

    /// A given point of time.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The wall clock's present time.
    public static func now() -> LogTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return LogTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// ISO 8601 in UTC with milliseconds: "2026-01-31T23:59:59.042Z".
    public var text: String {
        let day = milliseconds.quotient(flooredBy: 86_400_000)
        let inDay = milliseconds - day * 86_400_000
        let date = Self.date(day: day)
        let clock = [(inDay / 3_600_000, 2), (inDay / 60_000 % 60, 2), (inDay / 1000 % 60, 2)].map(Self.padded)
        let calendar = [(date.year, 4), (date.month, 2), (date.day, 2)].map(Self.padded)
        let milliseconds = Self.padded(inDay % 1000, 3)
        return calendar.joined(separator: "-") + "T" + clock.joined(separator: ":") + "." + milliseconds + "Z"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// The Gregorian date of a day number counted from 1970-01-01 (years of 146,097-day eras that begin in March).
    private static func date(day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = shifted.quotient(flooredBy: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}

extension Int64 {
    /// Division that rounds down for negative numbers too; the divisor is positive.
    fileprivate func quotient(flooredBy divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
