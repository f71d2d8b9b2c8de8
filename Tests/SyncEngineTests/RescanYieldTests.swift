import Database
import Nostr
import Testing

@testable import SyncEngine

@Suite struct RescanYieldTests {
    private func yield(_ looks: [(look: Int16, late: Int, all: Int)]) -> RescanYield {
        var yield = RescanYield()
        for look in looks { _ = yield.note(look: look.look, late: look.late, of: look.all) }
        return yield
    }

    @Test func `many late events bring looks of that age nearer, and of no other`() {
        var yield = RescanYield()
        let isNearer = yield.note(look: 3, late: 2, of: 1_000)
        #expect(isNearer)
        #expect(yield.nearer(3) == 1 && yield.nearer(2) == 0 && yield.nearer(4) == 0)
    }

    @Test(arguments: [(1, 1_000), (1, 5_000), (0, 0)])
    func `few late events move nothing`(late: Int, all: Int) {
        var yield = RescanYield()
        let isNearer = yield.note(look: 3, late: late, of: all)
        #expect(!isNearer)
        #expect(yield.nearer(3) == 0)
    }

    @Test func `three looks in a row without any go a step farther, and no more than one`() {
        #expect(yield([(2, 0, 9), (2, 0, 9)]).nearer(2) == 0)
        #expect(yield([(2, 0, 9), (2, 0, 9), (2, 0, 9)]).nearer(2) == -1)
        #expect(yield(Array(repeating: (2, 0, 9), count: 30)).nearer(2) == -1)
        #expect(yield([(2, 0, 9), (2, 0, 9), (2, 1, 5_000), (2, 0, 9)]).nearer(2) == 0, "one came in between")
    }

    @Test func `the first look cannot come sooner than the schedule's first wait`() {
        #expect(yield(Array(repeating: (1, 5, 10), count: 9)).nearer(1) == 0)
        #expect(yield(Array(repeating: (4, 5, 10), count: 9)).nearer(4) == 3)
    }

    @Test(arguments: [Int16.min, -1, 0]) func `the second pass is no look`(look: Int16) {
        var yield = RescanYield()
        let isNearer = yield.note(look: look, late: 5, of: 10)
        #expect(!isNearer)
        #expect(yield == RescanYield() && yield.nearer(look) == 0)
    }

    @Test func `a look beyond the schedule is its last`() {
        #expect(yield([(.max, 5, 10)]).nearer(20) == 1)
    }

    @Test func `what is stored comes back`() {
        let yield = yield([(1, 0, 9), (3, 5, 10), (3, 0, 9), (4, 0, 9), (4, 0, 9), (4, 0, 9)])
        #expect(yield.word == "0:1,0:0,1:1,-1:0")
        #expect(RescanYield(yield.word) == yield)
    }

    @Test(arguments: ["", "x", "1", "1:2:3", "1:x", "0:3", "-2:0", "21:0", "0:-1", "0:1,,0:1", "99999:0"])
    func `what cannot be is nothing`(word: String) {
        #expect(RescanYield(word).ages.isEmpty)
    }

    @Test func `the schedule's waits follow`() {
        let schedule = RescanSchedule()
        let now: Int64 = 1_700_000_000
        let plain = schedule.next(after: 2, now: now)
        let nearer = schedule.next(after: 2, now: now, yield([(3, 5, 10)]))
        let farther = schedule.next(after: 2, now: now, yield(Array(repeating: (3, 0, 9), count: 3)))
        #expect(nearer.at == schedule.next(after: 1, now: now).at && farther.at == schedule.next(after: 3, now: now).at)
        #expect([plain.step, nearer.step, farther.step] == [3, 3, 3])
        let last = schedule.next(after: 100, now: now, yield(Array(repeating: (8, 0, 9), count: 3)))
        #expect(last.at == schedule.next(after: 100, now: now).at, "there is no wait beyond the last")
    }

    @Test func `looks at the same age that are planned already come sooner too`() {
        var map = CoverageMap()
        for (lo, step, at) in [(Int64(0), Int16(3), Int64(900)), (100, 3, 400), (200, 2, 900)] {
            var interval = CoverageMap.Interval(lo: lo, hi: lo + 99, state: .sealed)
            interval.proof = .twoWalks
            (interval.rescanStep, interval.rescanAt) = (step, at)
            map.set(interval)
        }
        map.hasten(3, to: 500)
        #expect(map.intervals.map(\.rescanAt) == [550, 400, 900])
    }
}
