import Crypto
import Database
import Nostr
import Testing

@testable import SyncEngine

@Suite struct CountTrialTests {
    private static let day: Int64 = 86_400

    private func interval(_ days: ClosedRange<Int64>, _ state: CoverageState = .sealed, rescanAt: Int64 = 5)
        -> CoverageMap.Interval
    {
        var interval = CoverageMap.Interval(
            lo: days.lowerBound * Self.day, hi: days.upperBound * Self.day + Self.day - 1, state: state)
        interval.proof = state == .sealed ? .twoWalks : nil
        interval.rescanAt = rescanAt
        return interval
    }

    private func days(_ counts: [Int32: Int32]) -> [(day: Int32, sum: DaySum)] {
        counts.sorted { $0.key < $1.key }.map { ($0.key, DaySum(count: $0.value, idSum: .zero)) }
    }

    @Test func `the days are those of the newest interval that was sealed since`() {
        let before = CoverageMap(stored: [
            interval(10...19, .provisional), interval(20...29), interval(30...39, .provisional),
        ])
        var after = before
        #expect(CountTrial.days(after, since: before) == nil)
        after.set(interval(10...19, rescanAt: 9))
        #expect(CountTrial.days(after, since: before) == 10...19)
        // Sealed once more.
        after.set(interval(20...29, rescanAt: 9))
        #expect(CountTrial.days(after, since: before) == 10...29)
        after.set(interval(30...39, .settled))
        #expect(CountTrial.days(after, since: before) == 10...29)
    }

    @Test func `what was cut off an interval that was sealed before is not new`() {
        let before = CoverageMap(stored: [interval(10...30)])
        var after = before
        after.set(interval(20...30, .open))
        #expect(CountTrial.days(after, since: before) == nil)
    }

    @Test func `an hour has no day`() {
        var after = CoverageMap()
        var hour = interval(10...10)
        hour.hi = hour.lo + 3_600
        after.set(hour)
        #expect(CountTrial.days(after, since: CoverageMap()) == nil)
    }

    @Test func `the day is the newest that has events and not too many`() {
        #expect(CountTrial.seconds(of: []) == nil)
        #expect(CountTrial.seconds(of: days([3: 0, 4: 1_001])) == nil)
        #expect(CountTrial.seconds(of: days([2: 7, 3: 1_000, 4: 1_001, 5: 0])) == 259_200...345_599)
    }

    @Test func `only an exact number that is right counts`() {
        #expect(CountTrial.isExact(.count(7, isApproximate: false), served: 7) == true)
        #expect(CountTrial.isExact(.count(8, isApproximate: false), served: 7) == false)
        #expect(CountTrial.isExact(.count(7, isApproximate: true), served: 7) == false)
        #expect(CountTrial.isExact(.unsupported, served: 7) == false)
        #expect(CountTrial.isExact(.inconclusive(.contradicted), served: 7) == false)
    }

    @Test func `a relay that hangs up does not count, and a refusal for another reason says nothing`() {
        #expect(CountTrial.isExact(.inconclusive(.disconnected), served: 7) == false)
        for reason in [InconclusiveReason.authRequired, .rateLimited, .restricted, .timedOut] {
            #expect(CountTrial.isExact(.inconclusive(reason), served: 7) == nil)
        }
    }
}
