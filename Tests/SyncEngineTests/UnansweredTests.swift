import Database
import Nostr
import Testing

@testable import SyncEngine

/// When a stretch that is not answered is left, and what becomes of it.
@Suite struct UnansweredTests {
    private static let now: Int64 = 1_000_000_000

    private func second(_ seconds: Int64) -> UnixTime { UnixTime(seconds: seconds) }

    private func progress(_ state: WalkState, _ rows: [CoverageMap.Interval], rounds: Int = 0) -> VisitProgress {
        var behaviour = RelayBehaviour()
        behaviour.reading = "\(rounds):0:0:0"
        return VisitProgress(
            state: state, coverage: CoverageMap(stored: rows), now: second(Self.now), behaviour: behaviour)
    }

    /// A walk that has come down to second 900,000,000.
    private func walk(rounds: Int = 0) -> VisitProgress {
        progress(
            WalkState(walkLo: second(0), walkHi: second(Self.now - 900), frontier: second(900_000_000)),
            [
                .init(lo: 0, hi: 900_000_000, state: .walking),
                .init(lo: 900_000_001, hi: Self.now - 900, state: .provisional),
            ], rounds: rounds)
    }

    private func settle(
        _ progress: inout VisitProgress, _ stretch: WalkState.Stretch?, _ reason: CoverageReason = .unanswered,
        hasAnswered: Bool = true, failures: Int32 = 0
    ) -> VisitProgress.Change {
        if let stretch { progress.begin(stretch) }
        return progress.settle(
            stretch.map { Unanswered(stretch: $0, reason: reason) }, hasAnswered: hasAnswered, failures: failures)
    }

    private func rows(_ progress: VisitProgress) -> [[Int64]] {
        progress.coverage.intervals.map { [$0.lo, $0.hi, Int64($0.state.rawValue), Int64($0.reason?.rawValue ?? 0)] }
    }

    @Test func `rounds without an answer are counted, and one with an answer begins anew`() {
        var progress = walk()
        let history = progress.state.history
        #expect(settle(&progress, history).behaviour?.reading == "1:0:0:0")
        #expect(settle(&progress, history).behaviour?.reading == "2:0:0:0" && progress.note.unanswered == 2)
        #expect(settle(&progress, nil).behaviour?.reading == "0:0:0:0")
        #expect(settle(&progress, nil).isEmpty)
    }

    /// A round that got nothing out of what the walk has left.
    private func settleWalk(_ progress: inout VisitProgress) -> VisitProgress.Change {
        let history = progress.state.history
        return settle(&progress, history)
    }

    @Test func `ever more seconds of a walk are left, and the walk goes on below them`() {
        var progress = walk(rounds: 2)
        let first = settleWalk(&progress)
        #expect(first.frontier == second(900_000_000 - 256) && !first.clearsWalk)
        #expect(rows(progress)[1] == [899_999_745, 900_000_000, 5, 1])
        let next = settleWalk(&progress)
        #expect(next.frontier == second(900_000_000 - 256 - 4_096))
        #expect(rows(progress).map { $0[2] } == [1, 5, 2], "they are one gap")
        for _ in 0..<40 where progress.state.history != nil {
            _ = settleWalk(&progress)
        }
        #expect(progress.state == WalkState(sealedHi: second(Self.now - 900)))
        #expect(rows(progress).map { $0[2] } == [5, 2])
    }

    @Test(arguments: [(.unanswered, 0), (.auth, 0), (.auth, 1), (.restricted, 0)] as [(CoverageReason, Int32)])
    func `of a relay that answers nothing only a refusal is believed`(reason: CoverageReason, failures: Int32) {
        var progress = walk()
        let head = WalkState.Stretch.head(lo: second(Self.now - 899), hi: second(Self.now - 100))
        let change = settle(&progress, head, reason, hasAnswered: false, failures: failures)
        guard reason != .unanswered, reason != .auth || failures > 0 else { return #expect(change.isEmpty) }
        #expect(change.clearsWalk && change.sealedHi == second(Self.now - 100))
        let code = Int64(reason.rawValue)
        #expect(
            rows(progress) == [
                [0, 900_000_000, 5, code], [900_000_001, Self.now - 900, 2, 0],
                [Self.now - 899, Self.now - 100, 5, code],
            ])
        #expect(progress.coverage.due(at: second(Self.now + 200_000)).count == 2)
    }

    @Test func `what was read before stays what it is, and is looked at again another day`() {
        var row = CoverageMap.Interval(lo: 0, hi: 50_000, state: .sealed)
        (row.proof, row.rescanAt, row.rescanStep) = (.twoWalks, Self.now - 1, 2)
        var older = row
        (older.lo, older.hi, row.lo, row.hi) = (0, 9_999, 10_000, 50_000)
        var progress = progress(WalkState(sealedHi: second(50_000)), [older, row], rounds: 2)
        _ = settle(&progress, .interval(row))
        #expect(progress.coverage.intervals.map(\.state) == [.sealed, .sealed])
        #expect(progress.coverage.due(at: second(Self.now)).count == 1, "the older one has its turn")
        #expect(progress.coverage.intervals.last?.rescanStep == 2)
    }

    @Test func `a gap that is not answered again waits twice as long each time, up to a month`() throws {
        var row = CoverageMap.Interval(lo: 10, hi: 900, state: .gap, reason: .unanswered)
        var waits: [Int64] = []
        for _ in 0..<8 {
            var progress = progress(WalkState(sealedHi: second(900)), [row], rounds: 2)
            _ = settle(&progress, .interval(row))
            row = try #require(progress.coverage.intervals.first)
            waits.append((try #require(row.rescanAt) - Self.now) / 86_400)
        }
        #expect(waits == waits.sorted() && waits[1] == 2 && (30...36).contains(waits[7]), "\(waits)")
        #expect(row.lookStep == nil, "it has no place in the schedule of looks at what was read")
    }

    @Test func `what a relay refused that answers again is due at once, and nothing else is`() {
        var gaps = [CoverageReason.auth, .payment, .restricted, .unanswered, .oversize].enumerated().map {
            place, reason in
            CoverageMap.Interval(lo: Int64(place) * 10, hi: Int64(place) * 10 + 9, state: .gap, reason: reason)
        }
        for place in gaps.indices { gaps[place].rescanAt = Self.now + 80_000 }
        var coverage = CoverageMap(stored: gaps)
        #expect(coverage.due(at: second(Self.now)).isEmpty)
        coverage.retryRefused(at: Self.now)
        #expect(coverage.due(at: second(Self.now)) == coverage.intervals.prefix(3).reversed().map { .interval($0) })
    }

    @Test(arguments: ["", "1:2:3", "1:2:3:4:5", "-1:0:0:0", "a:0:0:0", "70000:0:0:0"])
    func `a note that cannot be read counts as none`(word: String) {
        #expect(ReadingNote(word) == ReadingNote())
    }

    @Test func `a further pass asks for as little as the one before learnt`() {
        let row = CoverageMap.Interval(lo: 0, hi: 900, state: .provisional)
        func size(_ lookSize: Int?) -> Int {
            WalkPlan(
                .interval(row), capSeen: 500, pageSize: 300, sync: .init(), now: second(Self.now), lookSize: lookSize
            ).pageSize
        }
        #expect(size(nil) == 200 && size(1) == 1 && size(250) == 200)
    }

    @Test func `an event that ends the connection at the first page of all is passed by a bound`() {
        var plan = WalkPlan(
            .head(lo: second(5), hi: second(900)), capSeen: 500, pageSize: 1, sync: .init(), now: second(Self.now))
        var broken = PageFacts(ending: .inconclusive(.overBudget))
        broken.endsConnection = true
        _ = plan.absorb(broken)
        #expect(plan.isCutAhead && plan.verdict == .inconclusive(.overBudget))
        let bounded = WalkPlan(
            .head(lo: second(5), hi: second(900)), capSeen: 500, pageSize: 1, sync: .init(), now: second(Self.now),
            isBounded: true)
        #expect(bounded.frontier == second(Self.now + 3_600))
    }
}
