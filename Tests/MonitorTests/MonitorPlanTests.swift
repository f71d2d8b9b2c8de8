import Support
import Testing

@testable import Monitor

@Suite struct MonitorPlanTests {
    private typealias Standing = MonitorPlan.Standing
    private let plan = MonitorPlan()

    private static func online(_ fails: Int32 = 0, failingFor: Duration? = nil) -> Standing {
        Standing(status: .online, fails: fails, wasUp: true, failingFor: failingFor, lateness: .zero)
    }

    @Test func `one failure changes nothing and is confirmed soon, the second is offline`() {
        let first = plan.decide(Self.online(), isUp: false, jitter: 0.5)
        #expect(first.status == .online && first.fails == 1 && first.wait == .seconds(120))
        let second = plan.decide(Self.online(1, failingFor: .seconds(120)), isUp: false, jitter: 0.5)
        #expect(second.status == .offline && second.fails == 2)
        #expect(second.wait <= .seconds(180))
        let fresh = plan.decide(Standing(), isUp: false, jitter: 0.5)
        #expect(fresh.status == .unknown && fresh.fails == 1)
    }

    @Test(arguments: RelayStatus.allCases)
    func `an answer makes any relay online at once`(status: RelayStatus) {
        let standing = Standing(
            status: status, fails: 30, wasUp: true, failingFor: .seconds(9_000_000), lateness: .zero)
        let decision = plan.decide(standing, isUp: true, jitter: 0.5)
        #expect(decision.status == .online && decision.fails == 0 && decision.wait == .seconds(3600))
    }

    @Test func `between full checks stand light ones in equal steps`() {
        var plan = MonitorPlan()
        plan.lightPeriod = .seconds(900)
        let full = plan.decide(Self.online(), isUp: true, jitter: 0.5)
        #expect(full.fullWait == .seconds(3600) && full.wait == .seconds(900))
        var standing = Self.online()
        var steps: [Duration] = []
        standing.fullIn = full.fullWait.map { $0 - full.wait }
        while plan.isLight(standing), steps.count < 10 {
            let light = plan.decide(standing, isUp: true, jitter: 0.5)
            #expect(light.fullWait == nil && light.status == .online)
            steps.append(light.wait)
            standing.fullIn = standing.fullIn.map { $0 - light.wait }
        }
        #expect(steps == [.seconds(900), .seconds(900), .seconds(900)])
        // A little more than a light period ahead: two steps, none of which is too short to be worth it.
        standing.fullIn = .seconds(1000)
        #expect(plan.decide(standing, isUp: true, jitter: 0.5).wait == .seconds(500))
    }

    @Test func `only what was up is looked at lightly, and a failure is confirmed in full`() {
        var plan = MonitorPlan()
        plan.lightPeriod = .seconds(900)
        var standing = Self.online()
        #expect(!plan.isLight(standing), "never checked in full")
        standing.fullIn = .seconds(10)
        #expect(plan.isLight(standing))
        #expect(!MonitorPlan().isLight(standing), "switched off")
        let failed = plan.decide(standing, isUp: false, jitter: 0.5)
        #expect(failed.fails == 1 && failed.fullWait == nil && failed.wait == .seconds(120))
        standing.fails = 1
        #expect(!plan.isLight(standing))
        (standing.fails, standing.status) = (0, .offline)
        #expect(!plan.isLight(standing))
        (standing.status, standing.fullIn) = (.online, .zero)
        #expect(!plan.isLight(standing))
    }

    @Test func `after its first check a relay is due anywhere within the period, later at its end`() {
        let cases: [(Double, Int64, Int64)] = [(0, 360, 3420), (0.5, 1980, 3600), (1, 3600, 3780)]
        for (jitter, first, later) in cases {
            let waits = [Standing(), Self.online()].map { plan.decide($0, isUp: true, jitter: jitter).wait }
            #expect(waits.map(\.components.seconds) == [first, later])
        }
    }

    /// A relay that never comes back, from its first failure on: when it is checked, in seconds.
    private func checks(wasUp: Bool, days: Int, jitter: Double) -> [(at: Duration, status: RelayStatus)] {
        var standing = wasUp ? Self.online() : Standing(lateness: .zero)
        var now = Duration.zero
        var checks: [(at: Duration, status: RelayStatus)] = []
        while now < .seconds(days * 86_400) {
            let decision = plan.decide(standing, isUp: false, jitter: jitter)
            checks.append((now, decision.status))
            now += decision.wait
            (standing.status, standing.fails, standing.failingFor) = (decision.status, decision.fails, now)
        }
        return checks
    }

    @Test(arguments: [0, 0.3, 1.0])
    func `waits grow from minutes to a week, and a return is noticed within part of the outage`(jitter: Double) {
        let checks = checks(wasUp: true, days: 365, jitter: jitter)
        for (one, next) in zip(checks, checks.dropFirst()) {
            let wait = next.at - one.at
            #expect(wait >= .seconds(90) && wait <= plan.longestWait)
            #expect(wait <= max(one.at * 0.31, .seconds(180)))
        }
        let last = checks.suffix(2).map(\.at)
        #expect(last[1] - last[0] >= plan.longestWait * 0.7)
        #expect(checks.count < 140, "a year of being down costs few checks")
        #expect(checks.prefix(2).map(\.status) == [.online, .offline])
    }

    @Test func `a relay that never answered is asked much less often`() {
        let never = checks(wasUp: false, days: 30, jitter: 0.5)
        #expect(never.count <= 20)
        #expect(never.prefix(2).map(\.status) == [.unknown, .offline])
    }

    @Test func `a relay that is down for long is dead, not before it was offline`() {
        let checks = checks(wasUp: true, days: 30, jitter: 0.5)
        for (at, status) in checks.dropFirst(2) {
            #expect(status == (at >= plan.deadAfter ? .dead : .offline))
        }
        let late = plan.decide(Self.online(1, failingFor: .seconds(9_000_000)), isUp: false, jitter: 0)
        #expect(late.status == .offline)
    }

    @Test func `a check that is late for long says nothing about the time before it`() {
        var standing = Self.online()
        standing.lateness = plan.unwatchedAfter
        #expect(plan.decide(standing, isUp: true, jitter: 0).wasUnwatched == false)
        standing.lateness = plan.unwatchedAfter + .seconds(1)
        #expect(plan.decide(standing, isUp: true, jitter: 0).wasUnwatched)
        standing.fails = 1
        let failed = plan.decide(standing, isUp: false, jitter: 0)
        #expect(failed.wasUnwatched && failed.status == .unknown && failed.fails == 1)
        standing.status = .dead
        standing.fails = 20
        standing.failingFor = .seconds(9_000_000)
        let dead = plan.decide(standing, isUp: false, jitter: 0)
        #expect(dead.wasUnwatched && dead.status == .dead && dead.fails == 21)
        #expect(plan.decide(Standing(), isUp: false, jitter: 0).wasUnwatched == false)
    }

    @Test func `whatever the standing, waits and counts stay within their bounds`() {
        var random = SplitMix64(seed: 51)
        func span() -> Duration? {
            Bool.random(using: &random) ? .seconds(Int64.random(in: -10...(1 << 40), using: &random)) : nil
        }
        for _ in 0..<5_000 {
            let standing = Standing(
                status: RelayStatus.allCases.randomElement(using: &random) ?? .unknown,
                fails: Int32.random(in: 0...Int32.max, using: &random), wasUp: .random(using: &random),
                failingFor: span(), lateness: span())
            let isUp = Bool.random(using: &random)
            let decision = plan.decide(standing, isUp: isUp, jitter: Double.random(in: 0...1, using: &random))
            #expect(decision.wait >= .seconds(90) && decision.wait <= plan.longestWait)
            #expect(isUp == (decision.fails == 0))
            #expect(decision.fails <= 1_000_001)
            #expect(decision.status != .dead || standing.status == .dead || standing.status == .offline)
        }
    }
}
