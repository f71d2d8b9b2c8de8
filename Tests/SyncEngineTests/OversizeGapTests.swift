import Database
import Nostr
import Testing

@testable import SyncEngine

/// Gaps around events that are too large, from visit to visit.
@Suite struct OversizeGapTests {
    private static let start: Int64 = 1_700_000_000

    private func second(_ seconds: Int64) -> UnixTime { UnixTime(seconds: seconds) }

    private func gap(_ lo: Int64, _ hi: Int64, at time: Int64) -> CoverageMap.Interval {
        var gap = CoverageMap.Interval(lo: lo, hi: hi, state: .gap, reason: .oversize)
        gap.rescanAt = time
        return gap
    }

    /// Looks at what is due, visit after visit, of a relay that breaks the connection for questions about these
    /// seconds; gives what is left, and the connections that it cost.
    private func narrow(_ rows: [CoverageMap.Interval], large: [Int64], visits: Int = 100)
        -> (gaps: [CoverageMap.Interval], broken: Int)
    {
        var (coverage, broken) = (CoverageMap(stored: rows), 0)
        for visit in 0..<visits {
            let now = second(Self.start + Int64(visit))
            var progress = VisitProgress(state: WalkState(), coverage: coverage, now: now)
            for case .interval(let half) in coverage.looks(at: now) {
                let stretch = WalkState.Stretch.interval(half)
                progress.begin(stretch)
                let isLarge = large.contains { (half.lo...half.hi).contains($0) }
                var step = VisitProgress.Step(stretch: stretch, progress: .init())
                step.verdict = isLarge ? .unpageable(.oversize) : .reachedEnd(byHint: false)
                _ = progress.apply(step)
                guard !isLarge else {
                    broken += 1
                    break
                }
            }
            coverage = progress.coverage
        }
        return (coverage.intervals.filter { $0.state == .gap }, broken)
    }

    @Test(arguments: [0, 1, 299, 300, 598, 599] as [Int64])
    func `a gap is halved by each connection until the second of the event is left`(place: Int64) {
        let left = narrow([gap(10_000, 10_599, at: Self.start - 5)], large: [10_000 + place])
        #expect(left.gaps.map { [$0.lo, $0.hi] } == [[10_000 + place, 10_000 + place]])
        #expect(left.broken <= 12, "\(left.broken)")
        #expect((left.gaps.first?.rescanAt ?? 0) >= Self.start + 86_400, "from then on each day")
    }

    @Test func `the newer of two events is found at once`() {
        let left = narrow([gap(10_000, 10_599, at: Self.start - 5)], large: [10_050, 10_500])
        #expect(left.gaps.contains { ($0.lo, $0.hi) == (10_500, 10_500) }, "\(left.gaps)")
        #expect(left.gaps.contains { ($0.lo...$0.hi).contains(10_050) })
        #expect(left.broken < 20)
    }

    @Test func `where every answer is too large a few connections a day are spent`() {
        let rows = [gap(0, Self.start, at: Self.start - 5)]
        let all = Array(stride(from: Int64(0), through: Self.start, by: 1_000_000))
        let left = narrow(rows, large: all)
        #expect(left.broken <= 7, "\(left.broken)")
        #expect(left.gaps.map(\.lo).min() == 0 && left.gaps.map(\.hi).max() == Self.start)
        #expect(left.gaps.allSatisfy { ($0.rescanAt ?? 0) > Self.start + 80_000 })
    }

    @Test func `what a walk passes over is looked at as soon as the walk is over`() {
        var progress = VisitProgress(state: WalkState(), coverage: CoverageMap(), now: second(Self.start))
        let stretch = WalkState.Stretch.fresh(lo: second(0), hi: second(9_000))
        progress.begin(stretch)
        let passed = WalkPlan.Gap(lo: second(5_001), hi: second(5_004), reason: .oversize)
        _ = progress.apply(.init(stretch: stretch, progress: .init(frontier: second(5_000), gap: passed)))
        let looks = progress.coverage.looks(at: second(Self.start))
        #expect(looks.map(\.hi) == [5_004, 5_002], "by halves")
    }

    @Test func `steps of one passing over count together, whenever they were made`() {
        let rows = [gap(101, 104, at: 5), gap(105, 105, at: 3), gap(107, 200, at: 1)]
        let progress = VisitProgress(state: WalkState(), coverage: CoverageMap(stored: rows), now: second(Self.start))
        #expect(progress.passed(above: .history(lo: second(0), frontier: second(100), hi: second(900))) == 5)
        #expect(progress.passed(above: .interval(gap(0, 100, at: 0))) == nil, "a gap is narrowed")
    }
}
