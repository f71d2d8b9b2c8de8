import Settings
import Testing

@testable import SyncEngine

@Suite struct RescanScheduleTests {
    private let schedule = RescanSchedule()

    @Test(arguments: [0, 1, 1_700_000_000, 1_700_000_449, Int64.max - 1, Int64.max])
    func `the second pass comes after its wait, and not much later`(now: Int64) {
        let plan = schedule.secondPass(now: now)
        #expect(plan.step == 0)
        guard now < Int64.max / 2 else { return #expect(plan.at > 0) }
        #expect((3_600...4_050).contains(plan.at - now))
    }

    @Test func `looks that find nothing come ever more rarely, and the last wait stays`() {
        var step: Int16?
        var waits: [Int64] = []
        for _ in 0..<10 {
            let plan = schedule.next(after: step, now: 1_700_000_000)
            step = plan.step
            waits.append(plan.at - 1_700_000_000)
        }
        #expect(waits == waits.sorted())
        #expect(waits[8] == waits[9])
        #expect(step == 8)
    }

    @Test func `what is read within an eighth of the wait falls due together`() {
        let times = Set((0..<400).map { schedule.secondPass(now: 1_700_000_100 + $0).at })
        #expect(times.count <= 2)
    }

    @Test(arguments: [Int16.min, -1, 0, 7, 8, Int16.max])
    func `any stored step gives a plan`(step: Int16) {
        #expect(schedule.next(after: step, now: 1_700_000_000).at > 1_700_000_000)
    }
}
