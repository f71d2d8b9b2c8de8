import Database
import Nostr
import Testing

@testable import SyncEngine

@Suite struct VisitProgressTests {
    private let now = UnixTime(seconds: 10_000)

    private func progress(
        _ state: WalkState = WalkState(), _ rows: [CoverageMap.Interval] = [], doubts: Doubts = .init()
    ) -> VisitProgress {
        var behaviour = RelayBehaviour()
        behaviour.contradictions = Int32(doubts.contradictions)
        behaviour.shortAnswers = Int32(doubts.shortAnswers)
        return VisitProgress(state: state, coverage: CoverageMap(stored: rows), now: now, behaviour: behaviour)
    }

    private func step(
        _ stretch: WalkState.Stretch, to frontier: Int64? = nil, end verdict: WalkPlan.Verdict? = nil,
        difference: PassRecord.Difference? = nil
    ) -> VisitProgress.Step {
        var step = VisitProgress.Step(
            stretch: stretch, progress: .init(frontier: frontier.map(UnixTime.init(seconds:))))
        step.verdict = verdict
        step.difference = difference
        step.cap = 500
        return step
    }

    private func second(_ seconds: Int64) -> UnixTime { UnixTime(seconds: seconds) }

    @Test func `a first walk is written page by page and ends provisional, with a second pass planned`() {
        var progress = progress()
        let stretch = WalkState.Stretch.fresh(lo: second(0), hi: second(9_000))
        progress.begin(stretch)
        let first = progress.apply(step(stretch, to: 9_500))
        #expect(first.frontier == second(9_000), "what is dated after the bound proves nothing inside")
        #expect(first.walkHi == second(9_000) && first.tailSeen == now)
        _ = progress.apply(step(stretch, to: 4_000))
        #expect(progress.coverage.intervals.map(\.state) == [.walking, .provisional])
        let last = progress.apply(step(stretch, end: .reachedEnd(byHint: false)))
        #expect(last.clearsWalk && last.sealedHi == second(9_000))
        #expect(progress.coverage.intervals.map { [$0.lo, $0.hi] } == [[0, 9_000]])
        #expect(progress.coverage.intervals.first?.state == .provisional)
        #expect(progress.coverage.intervals.first?.rescanAt ?? 0 >= 13_600)
    }

    @Test func `a look that finds late events brings those of its age nearer, once for all its parts`() {
        var row = due(0, 9_000)
        (row.state, row.proof, row.rescanStep) = (.sealed, .twoWalks, 3)
        var waiting = row
        (waiting.lo, waiting.hi, waiting.rescanAt) = (9_001, 9_999, 9_000_000)
        var progress = progress(WalkState(sealedHi: second(9_999)), [row, waiting])
        let stretch = WalkState.Stretch.interval(row)
        progress.begin(stretch)
        let late = PassRecord.Difference(fresh: 1, shown: 100)
        #expect(progress.apply(step(stretch, to: 5_000, difference: late)).behaviour == nil)
        let change = progress.apply(step(stretch, end: .reachedEnd(byHint: false), difference: .init(shown: 200)))
        #expect(change.behaviour?.rescans == "0:0,0:0,1:0")
        let planned = progress.coverage.intervals.first { $0.lo == waiting.lo }?.rescanAt
        let nearer = progress.schedule.next(after: 1, now: now.seconds).at
        #expect(planned == nearer + (9_000_000 - nearer) / 8)
    }

    @Test func `a pass without a difference seals part by part`() {
        let row = due(0, 9_000)
        var progress = progress(WalkState(sealedHi: second(9_000)), [row])
        let stretch = WalkState.Stretch.interval(row)
        progress.begin(stretch)
        #expect(progress.part(.init(frontier: second(5_000)), nil, of: stretch) == 5_001...9_000)
        _ = progress.apply(step(stretch, to: 5_000, difference: .init()))
        #expect(progress.coverage.intervals.map(\.state) == [.provisional, .sealed])
        _ = progress.apply(step(stretch, end: .reachedEnd(byHint: false), difference: .init()))
        let intervals = progress.coverage.intervals
        #expect(intervals.map { [$0.lo, $0.hi] } == [[0, 9_000]])
        #expect(intervals.first?.proof == .twoWalks && intervals.first?.rescanStep == 1)
    }

    @Test func `a pass with a difference proves nothing of that part`() {
        let row = due(0, 9_000)
        var progress = progress(WalkState(sealedHi: second(9_000)), [row])
        let stretch = WalkState.Stretch.interval(row)
        progress.begin(stretch)
        var difference = PassRecord.Difference()
        difference.fresh = 1
        _ = progress.apply(step(stretch, to: 5_000, difference: difference))
        #expect(progress.coverage.intervals.map(\.state) == [.provisional, .provisional])
        // Too large to be compared is a difference too.
        _ = progress.apply(step(stretch, to: 4_000))
        #expect(!progress.coverage.intervals.map(\.state).contains(.sealed))
    }

    @Test func `a gap that is found again stays one`() {
        var row = CoverageMap.Interval(lo: 500, hi: 500, state: .gap, reason: .saturatedSecond)
        row.rescanAt = 0
        var progress = progress(WalkState(sealedHi: second(9_000)), [row])
        let stretch = WalkState.Stretch.interval(row)
        progress.begin(stretch)
        var last = step(stretch, end: .reachedEnd(byHint: false), difference: .init())
        last.progress.gap = .init(lo: second(500), hi: second(500), reason: .saturatedSecond)
        _ = progress.apply(last)
        #expect(progress.coverage.intervals.map(\.state) == [.gap])
    }

    @Test func `what pages do not reach is a gap, and new time goes on`() {
        let state = WalkState(walkLo: second(0), walkHi: second(9_000), frontier: second(3_000))
        var progress = progress(
            state, [.init(lo: 0, hi: 3_000, state: .walking), .init(lo: 3_001, hi: 9_000, state: .provisional)])
        let stretch = WalkState.Stretch.history(lo: second(0), frontier: second(3_000), hi: second(9_000))
        progress.begin(stretch)
        let change = progress.apply(step(stretch, end: .unpageable(.untilIgnored)))
        #expect(change.clearsWalk && change.sealedHi == second(9_000))
        #expect(progress.state == WalkState(sealedHi: second(9_000)))
        #expect(progress.coverage.intervals.map(\.state) == [.gap, .provisional])
        #expect(progress.coverage.unpageable == .untilIgnored)
    }

    @Test func `a gap says what was seen of it`() {
        var progress = progress()
        let stretch = WalkState.Stretch.fresh(lo: second(0), hi: second(9_000))
        progress.begin(stretch)
        var crowded = WalkPlan.Gap(lo: second(8_000), hi: second(8_000), reason: .saturatedSecond)
        (crowded.seen.pages, crowded.seen.items) = (12, 700)
        var page = step(stretch, to: 7_999)
        page.progress.gap = crowded
        _ = progress.apply(page)
        var last = step(stretch, end: .unpageable(.untilIgnored))
        (last.seen.pages, last.seen.items, last.cap) = (2, 499, 501)
        _ = progress.apply(last)
        let gaps = progress.coverage.intervals.filter { $0.state == .gap }
        #expect(gaps.map(\.pages) == [2, 12] && gaps.map(\.items) == [499, 700] && gaps.map(\.cap) == [501, 500])
    }

    @Test func `a relay that contradicted itself settles and never seals`() {
        let row = due(0, 9_000)
        var progress = progress(WalkState(sealedHi: second(9_000)), [row], doubts: Doubts(contradictions: 1))
        let stretch = WalkState.Stretch.interval(row)
        progress.begin(stretch)
        _ = progress.apply(step(stretch, end: .reachedEnd(byHint: true), difference: .init()))
        #expect(progress.coverage.intervals.map(\.state) == [.settled])
        #expect(progress.coverage.intervals.first?.proof == nil)
    }

    @Test(arguments: [true, false])
    func `the relay's own word is checked at once, unless it was not always given`(isHinted: Bool) throws {
        var progress = progress()
        let stretch = WalkState.Stretch.fresh(lo: second(0), hi: second(9_000))
        progress.begin(stretch)
        var last = step(stretch, end: .reachedEnd(byHint: true))
        last.isHinted = isHinted
        _ = progress.apply(last)
        let row = try #require(progress.coverage.intervals.first)
        #expect(row.state == .provisional)
        #expect(progress.coverage.due(at: progress.now) == (isHinted ? [.interval(row)] : []))

        let again = WalkState.Stretch.interval(row)
        progress.begin(again)
        var second = step(again, end: .reachedEnd(byHint: true), difference: .init())
        second.isHinted = isHinted
        _ = progress.apply(second)
        #expect(progress.coverage.intervals.map(\.state) == [.sealed])
        #expect(progress.coverage.intervals.map(\.proof) == [isHinted ? .finishHint : .twoWalks])
    }

    @Test func `a head that does not fit leaves an open interval instead of beginning again`() {
        let state = WalkState(walkLo: second(0), walkHi: second(5_000), frontier: second(3_000))
        let rows: [CoverageMap.Interval] = [
            .init(lo: 0, hi: 3_000, state: .walking), .init(lo: 3_001, hi: 5_000, state: .provisional),
        ]
        var progress = progress(state, rows)
        let stretch = WalkState.Stretch.head(lo: second(5_001), hi: second(9_000))
        progress.begin(stretch)
        let change = progress.leaveHead(at: second(7_000), stretch)
        #expect(change.walkHi == second(9_000))
        #expect(
            progress.coverage.intervals.map { [$0.lo, $0.hi, Int64($0.state.rawValue)] } == [
                [0, 3_000, 1], [3_001, 5_000, 2], [5_001, 7_000, 0], [7_001, 9_000, 2],
            ])
        #expect(progress.coverage.due(at: now).count == 1)
        #expect(progress.leaveHead(at: second(9_900), stretch).isEmpty, "only what is dated ahead was read")
    }

    @Test func `a set that claims events for other times proves nothing`() {
        var progress = progress(WalkState(), [.init(lo: 0, hi: 8_000, state: .provisional)])
        let change = progress.seal(.init(seconds: 0...8_000), .init(all: 9, misplaced: 2), cap: 500)
        #expect(change.behaviour?.contradictions == 2)
        #expect(progress.coverage.intervals.map(\.state) == [.settled])
    }

    @Test func `no row says anything of seconds above the stretch`() {
        var progress = progress()
        let stretch = WalkState.Stretch.fresh(lo: second(0), hi: second(9_000))
        progress.begin(stretch)
        var far = step(stretch)
        far.progress.gap = .init(lo: second(.max), hi: second(.max), reason: .saturatedSecond)
        #expect(progress.apply(far).coverage.isEmpty)
    }

    @Test func `contradictions are written with the page that showed them`() {
        var progress = progress(doubts: Doubts(contradictions: 2))
        let stretch = WalkState.Stretch.fresh(lo: second(0), hi: second(9_000))
        progress.begin(stretch)
        var page = step(stretch, to: 100)
        page.doubts.contradictions = 1
        #expect(progress.apply(page).behaviour?.contradictions == 3)
        #expect(progress.apply(step(stretch, to: 50)).behaviour == nil)
    }

    @Test func `a contradiction takes earlier seals back, and early ends only those that rest on pages`() {
        var (pages, sets) = (due(0, 4_000), due(4_001, 9_000))
        (pages.state, pages.proof) = (.sealed, .twoWalks)
        (sets.state, sets.proof) = (.sealed, .negentropy)
        var progress = progress(WalkState(sealedHi: second(9_000)), [pages, sets])
        let stretch = WalkState.Stretch.fresh(lo: second(9_001), hi: second(9_900))
        progress.begin(stretch)
        var page = step(stretch, to: 9_500)
        page.doubts.shortAnswers = 1
        #expect(progress.apply(page).behaviour?.shortAnswers == 1)
        #expect(progress.coverage.intervals.prefix(2).map(\.state) == [.settled, .sealed])
        page.doubts = Doubts(contradictions: 1)
        _ = progress.apply(page)
        #expect(progress.coverage.intervals.first { $0.lo <= 5_000 && $0.hi >= 5_000 }?.state == .settled)
    }

    @Test func `equal sets seal a part of a walk, and the walk goes on below it`() {
        let state = WalkState(walkLo: second(0), walkHi: second(9_000), frontier: second(6_000))
        var progress = progress(
            state, [.init(lo: 0, hi: 6_000, state: .walking), .init(lo: 6_001, hi: 9_000, state: .provisional)])
        let stretch = WalkState.Stretch.history(lo: second(0), frontier: second(6_000), hi: second(9_000))
        progress.begin(stretch)
        let first = progress.seal(.init(seconds: 2_000...6_500), of: stretch, .init(all: 700), cap: 500)
        #expect(first.frontier == second(1_999) && first.behaviour?.negentropy == true && !first.clearsWalk)
        #expect(progress.state.frontier == second(1_999))
        #expect(
            progress.coverage.intervals.map { [$0.lo, $0.hi, Int64($0.state.rawValue)] } == [
                [0, 1_999, 1], [2_000, 6_500, 3], [6_501, 9_000, 2],
            ])
        let row = progress.coverage.intervals[1]
        #expect(row.proof == .negentropy && row.items == 700 && row.pages == 1 && row.cap == 500)
        #expect(row.rescanStep == 1 && row.rescanAt ?? 0 >= 13_600, "as after a re-scan that found it equal")

        let last = progress.seal(.init(seconds: 0...1_999), of: stretch, .init(all: 0), cap: 500)
        #expect(last.clearsWalk && last.sealedHi == second(9_000) && last.tailSeen == nil)
        #expect(progress.state == WalkState(sealedHi: second(9_000)))
        #expect(progress.coverage.intervals.map(\.state) == [.sealed, .provisional])
    }

    @Test func `a first walk that sets brought to its end was asked up to now`() {
        var progress = progress()
        let stretch = WalkState.Stretch.fresh(lo: second(0), hi: second(9_000))
        progress.begin(stretch)
        _ = progress.apply(step(stretch, to: 8_000))
        let last = progress.seal(.init(seconds: 0...8_500), of: stretch, .init(all: 9), cap: 500)
        #expect(last.clearsWalk && last.sealedHi == second(9_000) && last.tailSeen == now)
        #expect(progress.coverage.intervals.map { [$0.lo, $0.hi] } == [[0, 8_500], [8_501, 9_000]])
    }

    @Test func `what sets sealed is not opened again by the relay's word about the pages below`() {
        var progress = progress()
        let stretch = WalkState.Stretch.fresh(lo: second(0), hi: second(9_000))
        progress.begin(stretch)
        _ = progress.apply(step(stretch, to: 8_000))
        _ = progress.seal(.init(seconds: 5_000...8_000), of: stretch, .init(all: 9), cap: 500)
        var last = step(stretch, end: .reachedEnd(byHint: true))
        last.isHinted = true
        _ = progress.apply(last)
        #expect(progress.coverage.intervals.map(\.state) == [.provisional, .sealed, .provisional])
        #expect(progress.coverage.due(at: now).count == 1)
    }

    @Test func `where the relay contradicted itself equal sets settle`() {
        let state = WalkState(walkLo: second(0), walkHi: second(9_000), frontier: second(6_000))
        var progress = progress(state, [.init(lo: 0, hi: 6_000, state: .walking)], doubts: Doubts(contradictions: 1))
        let stretch = WalkState.Stretch.history(lo: second(0), frontier: second(6_000), hi: second(9_000))
        _ = progress.seal(.init(seconds: 100...6_000), of: stretch, .init(all: 9), cap: 500)
        #expect(progress.coverage.intervals.map(\.state) == [.walking, .settled])
    }

    private func due(_ lo: Int64, _ hi: Int64) -> CoverageMap.Interval {
        var row = CoverageMap.Interval(lo: lo, hi: hi, state: .provisional)
        row.rescanAt = 9_999
        row.rescanStep = 0
        row.pages = 3
        row.cap = 500
        return row
    }
}
