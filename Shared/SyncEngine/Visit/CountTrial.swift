internal import Database
internal import Nostr

/// Whether a relay's COUNT (NIP-45) is the number of events that it serves: an observation for everybody to read, on
/// which nothing rests (docs/decisions/0014 and 0017). Pure.
enum CountTrial {
    /// Events of the day that is counted, at most: more would say no more.
    static let mostEvents = 1_000

    /// The whole days (UTC) of the newest interval that was sealed since; nil where there are too few. What was served
    /// of an interval that was sealed long ago may have changed.
    static func days(_ coverage: CoverageMap, since before: CoverageMap) -> ClosedRange<Int32>? {
        let new = coverage.intervals.last { interval in
            interval.state == .sealed
                && !before.intervals.contains {
                    $0.isAlike(interval) && $0.lo <= interval.hi && interval.lo <= $0.hi
                }
        }
        return new.flatMap { DayWindow($0.lo...$0.hi).days }
    }

    /// The seconds of the newest of these days that has events, and few enough.
    /// - Parameter days: ascending.
    static func seconds(of days: [(day: Int32, sum: DaySum)]) -> ClosedRange<Int64>? {
        guard let day = days.last(where: { (1...mostEvents).contains(Int($0.sum.count)) })?.day else { return nil }
        return DayWindow.start(of: day)...(DayWindow.start(of: day) + 86_399)
    }

    /// What an answer says; nil where it says nothing about counting.
    /// - Parameter served: events that the relay showed of what it was asked to count.
    static func isExact(_ answer: CountAnswer, served: Int) -> Bool? {
        switch answer {
        case .count(let count, let isApproximate): !isApproximate && count == Int64(served)
        case .unsupported: false
        // A number that cannot be; and a relay that hangs up on the question does not answer it.
        case .inconclusive(.contradicted), .inconclusive(.disconnected): false
        case .inconclusive: nil
        }
    }
}
