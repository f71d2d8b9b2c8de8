internal import Database

/// A closed interval of seconds as whole days (UTC), for which sums are kept, and what is left at its two ends.
struct DayWindow: Sendable, Equatable {
    private static let day: Int64 = 86_400

    /// Seconds below the first whole day; all of them where there are too few whole days to matter.
    let older: ClosedRange<Int64>?
    /// The whole days, as `relay_day` numbers them.
    let days: ClosedRange<Int32>?
    /// Seconds above the last whole day.
    let newer: ClosedRange<Int64>?

    /// - Parameter usesDays: false where the sums do not hold what is asked for.
    init(_ window: ClosedRange<Int64>, usesDays: Bool = true) {
        let (lo, hi) = (window.lowerBound, window.upperBound)
        let first = lo / Self.day + (lo % Self.day == 0 ? 0 : 1)
        let last = hi / Self.day - (hi % Self.day == Self.day - 1 ? 0 : 1)
        // The last number stands for all later days (`DaySum.day(of:)`), so it is no day.
        guard usesDays, last - first >= 2, first >= 0, last < Int64(Int32.max) else {
            (older, days, newer) = (window, nil, nil)
            return
        }
        days = Int32(clamping: first)...Int32(clamping: last)
        older = lo < first * Self.day ? lo...(first * Self.day - 1) : nil
        newer = (last + 1) * Self.day <= hi ? ((last + 1) * Self.day)...hi : nil
    }

    /// The first second of a day.
    static func start(of day: Int32) -> Int64 { Int64(day) * Self.day }
}
