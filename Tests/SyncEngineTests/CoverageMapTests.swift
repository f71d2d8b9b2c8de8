import Testing

@testable import SyncEngine

@Suite struct CoverageMapTests {
    private typealias Interval = CoverageMap.Interval

    @Test func `setting a part cuts the interval around it`() {
        var map = CoverageMap(stored: [Interval(lo: 0, hi: 100, state: .walking)])
        map.set(.provisional, 60, 100)
        #expect(
            map.intervals == [Interval(lo: 0, hi: 59, state: .walking), Interval(lo: 60, hi: 100, state: .provisional)])
        #expect(map.changes.drop.isEmpty, "a row that only changes is not dropped")
        #expect(map.changes.put == map.intervals)
    }

    @Test func `neighbours of the same state are one interval`() {
        var map = CoverageMap(stored: [Interval(lo: 0, hi: 9, state: .provisional)])
        map.set(.provisional, 10, 20)
        #expect(map.intervals == [Interval(lo: 0, hi: 20, state: .provisional)])
    }

    @Test func `a walk over a gap does not close it`() {
        var map = CoverageMap(stored: [Interval(lo: 5, hi: 5, state: .gap, reason: .saturatedSecond)])
        map.set(.provisional, 0, 10)
        #expect(
            map.intervals == [
                Interval(lo: 0, hi: 4, state: .provisional),
                Interval(lo: 5, hi: 5, state: .gap, reason: .saturatedSecond),
                Interval(lo: 6, hi: 10, state: .provisional),
            ])
    }

    @Test func `an empty interval changes nothing`() {
        var map = CoverageMap(stored: [Interval(lo: 0, hi: 9, state: .walking)])
        map.set(.sealed, 7, 6)
        #expect(map.changes.isEmpty)
    }

    @Test func `of very many gaps those near to each other become one, and nothing that is not read`() {
        var map = CoverageMap(stored: [
            Interval(lo: 0, hi: 999, state: .open), Interval(lo: 1_000, hi: 1_999, state: .walking),
            Interval(lo: 2_000, hi: 99_999, state: .provisional),
        ])
        map.set(.gap, 500, 500, reason: .unanswered)
        map.set(.gap, 1_500, 1_500, reason: .unanswered)
        let near = (0..<16_000).map { 2_000 + Int64($0) * 3 }
        let seconds = near + (0..<300).map { 60_000 + Int64($0) * 100 }
        for second in seconds { map.set(.gap, second, second, reason: .saturatedSecond) }
        #expect(map.intervals.count <= CoverageMap.mostIntervals)
        #expect(zip(map.intervals, map.intervals.dropFirst()).allSatisfy { $0.hi + 1 == $1.lo })
        let gaps = map.intervals.filter { $0.state == .gap }
        let inGaps = Set(gaps.flatMap { Array($0.lo...$0.hi) })
        #expect(seconds.allSatisfy(inGaps.contains))
        #expect(gaps.allSatisfy { $0.hi < 50_000 || $0.lo == $0.hi }, "those that are far from each other stay")
        #expect(gaps.filter { $0.lo < 2_000 }.map(\.lo) == [500, 1_500] && gaps.count < 2_000)
        #expect(map.intervals.filter { $0.lo < 2_000 && $0.state != .gap }.count == 4)
    }

    @Test(arguments: 1...300)
    func `the map says the same as one entry a second`(seed: Int) {
        var factory = StampFactory(seed: UInt64(seed))
        var map = CoverageMap()
        var model = [CoverageState?](repeating: nil, count: 60)
        var table: [Int64: Interval] = [:]
        for _ in 0..<40 {
            let (a, b) = (Int64(factory.next() % 60), Int64(factory.next() % 60))
            let state = CoverageState.allCases[Int(factory.next() % 6)]
            map.set(state, min(a, b), max(a, b), reason: state == .gap ? .unanswered : nil)
            for second in Int(min(a, b))...Int(max(a, b)) where state == .gap || model[second] != .gap {
                model[second] = state
            }
            let changes = map.changes
            for lo in changes.drop { table[lo] = nil }
            for row in changes.put { table[row.lo] = row }
            map.markStored()
        }
        var unfolded = [CoverageState?](repeating: nil, count: 60)
        for row in table.values {
            for second in Int(row.lo)...Int(row.hi) {
                #expect(unfolded[second] == nil, "seed \(seed): rows overlap")
                unfolded[second] = row.state
            }
        }
        #expect(unfolded == model, "seed \(seed)")
    }
}
