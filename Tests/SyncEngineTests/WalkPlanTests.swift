import Nostr
import SyncEngine
import Testing

@Suite struct WalkPlanTests {
    private func plan(
        lo: Int64 = 0, from frontier: Int64? = nil, cap: Int = 0, order: RelayOrder = .newestFirst,
        isDoubted: Bool = false, deniesMore: Bool = false, span: Int64? = nil
    ) -> WalkPlan {
        WalkPlan(
            lo: UnixTime(seconds: lo), frontier: frontier.map(UnixTime.init(seconds:)), capSeen: cap,
            limits: .init(), liveAfter: .max, now: UnixTime(seconds: 1_100_000), order: order,
            isDoubted: isDoubted, deniesMore: deniesMore, span: span)
    }

    private func events(_ count: Int, perSecond: Int = 1, seed: UInt64 = 1) -> [EventStamp] {
        var factory = StampFactory(seed: seed)
        return (0..<count).map { factory.stamp(at: 1_000_000 + Int64($0 / perSecond)) }
    }

    @Test func `a well-behaved relay is read whole`() {
        var relay = ModelRelay(events: events(2_345))
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 2_345)
        #expect(result.verdict == .reachedEnd(byHint: false))
        #expect(result.brokenPromises.isEmpty)
        #expect(result.frontiers == result.frontiers.sorted(by: >))
        #expect(relay.requests.count < 15)
    }

    @Test(arguments: [3, 10, 19, 400])
    func `dates at the ends of time overflow nothing and move nothing far`(count: Int) {
        var all = events(count)
        var factory = StampFactory(seed: 9)
        all += [factory.stamp(at: .max), factory.stamp(at: .max - 1), factory.stamp(at: 1_700_000_000_000_000_000)]
        var relay = ModelRelay(events: all)
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count == all.count)
        #expect(result.verdict == .reachedEnd(byHint: false))
    }

    @Test func `events of the future do not keep a walk from what is due by now`() {
        var factory = StampFactory(seed: 9)
        let future = (0..<5_000).map { factory.stamp(at: 2_000_000 + Int64($0)) }
        var relay = ModelRelay(events: events(700) + future)
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count { $0.createdAt.seconds < 1_100_000 } == 700)
        #expect(relay.requests.count < 15)
    }

    @Test func `events within the slack are walked through, and only they`() {
        var factory = StampFactory(seed: 9)
        // The present is 1,100,000: forty pages of events dated a thousand to five thousand seconds ahead.
        let ahead = (0..<4_000).map { factory.stamp(at: 1_101_000 + Int64($0)) }
        let seen = { (slack: Int64) in
            var relay = ModelRelay(events: events(700) + ahead)
            var limits = WalkPlan.Limits()
            (limits.pageSize, limits.largestPage, limits.clockSlack) = (100, 100, slack)
            var plan = WalkPlan(
                lo: UnixTime(seconds: 0), frontier: nil, capSeen: 0, limits: limits, liveAfter: .max,
                now: UnixTime(seconds: 1_100_000), order: .newestFirst)
            return plan.run(on: &relay).seen.count
        }
        #expect(seen(5_000) == 700 + 4_000)
        // The newest page, then what is due by now.
        #expect(seen(60) == 700 + 100)
        // The newest page, and those up to the slack.
        #expect(seen(3_000) == 700 + 100 + 2_001)
    }

    @Test(arguments: [RelayOrder.newestFirst, .unordered])
    func `where until is ignored a full answer says nothing of the second it was asked for`(order: RelayOrder) {
        var factory = StampFactory(seed: 2)
        let crowd = (0..<40).map { _ in factory.stamp(at: 1_000_100) }
        var relay = ModelRelay(events: crowd + (0..<80).map { factory.stamp(at: 1_000_200 + $0) })
        relay.ignoresUntil = true
        relay.cap = 100
        var plan = plan(lo: 1_000_100, from: 1_000_100, cap: 100, order: order)
        let result = plan.run(on: &relay, maxRequests: 100)
        #expect(result.verdict == .unpageable(.untilIgnored))
        #expect(result.brokenPromises.isEmpty)
    }

    @Test func `two outliers at once are no neighbours of the rest`() {
        var relay = ModelRelay(events: events(3_000))
        var factory = StampFactory(seed: 9)
        relay.live = [1: [factory.stamp(at: 100), factory.stamp(at: 101)], 2: [factory.stamp(at: 102)]]
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count { $0.createdAt.seconds >= 1_000_000 } == 3_000)
        #expect(result.brokenPromises.isEmpty)
    }

    @Test func `a quiet relay is asked for each event once`() {
        var (factory, random, second) = (StampFactory(seed: 5), StampFactory(seed: 6), Int64(1_000_000))
        let events = (0..<3_000).map { _ in
            second -= Int64(random.next() % 300 + 1)
            return factory.stamp(at: second)
        }
        var relay = ModelRelay(events: events)
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 3_000)
        // Seven pages and the end; twice as many pages where each is asked about once more.
        #expect(relay.requests.count <= 16)
    }

    @Test func `a relay that lowered its cap is read whole`() {
        var factory = StampFactory(seed: 4)
        let crowd = (0..<600).map { _ in factory.stamp(at: 1_000_100) }
        var relay = ModelRelay(events: events(90) + crowd)
        relay.cap = 200
        var plan = plan(cap: 500)
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 690)
        #expect(result.brokenPromises.isEmpty)
    }

    @Test func `a relay without order that lowered its cap is read whole`() {
        var relay = ModelRelay(events: events(3_000))
        relay.cap = 200
        relay.isOldestFirst = true
        var plan = plan(cap: 500, order: .unordered)
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 3_000)
        #expect(result.brokenPromises.isEmpty)
    }

    @Test func `a relay without order is not measured anew in each visit`() throws {
        var relay = ModelRelay(events: events(12_000))
        relay.isOldestFirst = true
        var first = plan(from: 1_012_000, order: .unordered)
        let read = first.run(on: &relay, maxRequests: 40)
        let frontier = try #require(read.frontiers.last?.seconds)
        let span = try #require(first.span)
        var requests: [Int] = []
        for span in [nil, span] {
            var rest = ModelRelay(events: relay.events.filter { $0.createdAt.seconds <= frontier })
            rest.isOldestFirst = true
            var plan = plan(from: frontier, order: .unordered, span: span)
            let result = plan.run(on: &rest)
            #expect(result.brokenPromises.isEmpty && result.verdict == .reachedEnd(byHint: false))
            #expect(result.seen.count == rest.events.count)
            requests.append(rest.requests.count)
        }
        #expect(requests[1] + 3 < requests[0], "\(requests)")
    }

    @Test func `the first page has no upper bound and the others include the boundary second`() {
        var relay = ModelRelay(events: events(1_200, perSecond: 3))
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(relay.requests.first?.until == nil)
        #expect(relay.requests.dropFirst().first?.until == result.frontiers.first)
        #expect(result.seen.count == 1_200)
    }

    @Test(arguments: [50, 99, 100, 499, 500, 501, 1_000])
    func `a second shared by two pages loses nothing`(cap: Int) {
        var relay = ModelRelay(events: events(3_000, perSecond: 7))
        relay.cap = cap
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 3_000)
        #expect(result.brokenPromises.isEmpty)
        #expect(result.verdict == .reachedEnd(byHint: false))
    }

    @Test(arguments: [499, 500, 501, 1_170, 3_000])
    func `a second larger than a page is split by kind and author and read whole`(size: Int) {
        var factory = StampFactory(seed: 5)
        var all = events(700)
        all += (0..<size).map { _ in factory.stamp(at: 1_000_350) }
        var relay = ModelRelay(events: all)
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 700 + size)
        #expect(result.brokenPromises.isEmpty)
    }

    @Test(arguments: [10, 49, 100, 250])
    func `a second larger than what is asked for is never passed over, whatever the relay gave before`(pageSize: Int) {
        var factory = StampFactory(seed: 8)
        let all = events(200) + (0..<300).map { _ in factory.stamp(at: 1_000_300) }
        var relay = ModelRelay(events: all)
        var limits = WalkPlan.Limits()
        limits.pageSize = pageSize
        limits.smallestPage = pageSize
        var plan = WalkPlan(
            lo: UnixTime(seconds: 0), frontier: nil, capSeen: 500, limits: limits, liveAfter: .max,
            now: UnixTime(seconds: 1_100_000), order: .newestFirst)
        let result = plan.run(on: &relay)
        #expect(result.brokenPromises.isEmpty)
        #expect(result.seen.count == 500 || !result.gaps.isEmpty)
    }

    @Test func `a second that stays full in every part is reported as saturated`() {
        var factory = StampFactory(seed: 6)
        let all = (0..<1_200).map { _ in factory.stamp(at: 1_000_000, kind: 1, author: 7) } + events(10)
        var relay = ModelRelay(events: all)
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.gaps.map(\.lo) == [UnixTime(seconds: 1_000_000)])
        #expect(result.verdict == .reachedEnd(byHint: false))
        #expect(result.brokenPromises.isEmpty)
    }

    @Test func `one empty answer does not prove the end`() {
        var relay = ModelRelay(events: events(1_000))
        relay.endings[1] = .conclusive(hint: nil)
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 1_000)
        #expect(result.brokenPromises.isEmpty)
    }

    @Test(arguments: [(1_099_990, 0), (1_000_000, 1)])
    func `what comes while an end is confirmed contradicts it only where it is not new`(second: Int64, doubts: Int) {
        var plan = WalkPlan(
            lo: UnixTime(seconds: 0), frontier: nil, capSeen: 500, limits: .init(),
            liveAfter: UnixTime(seconds: 1_099_700), now: UnixTime(seconds: 1_100_000), order: .newestFirst)
        _ = plan.absorb(PageFacts(ending: .conclusive(hint: nil)))
        var event = events(1)[0]
        event.createdAt = UnixTime(seconds: second)
        let progress = plan.absorb(PageFacts(ending: .conclusive(hint: nil), events: [event]))
        #expect(plan.contradictions == doubts)
        #expect(progress.frontier == event.createdAt && plan.verdict == nil, "the walk goes on below it")
    }

    @Test func `an end is confirmed by three answers of different shapes`() {
        var relay = ModelRelay(events: [])
        var plan = plan(lo: 500)
        let result = plan.run(on: &relay)
        #expect(result.verdict == .reachedEnd(byHint: false))
        #expect(relay.requests.map(\.limit) == [500, 1, 10])
        #expect(relay.requests.map { $0.since?.seconds } == [500, 500, nil])
    }

    @Test func `the older half of what is long is asked for too, and what lies below comes last`() {
        var relay = ModelRelay(events: [])
        var plan = plan(lo: 500, from: 1_100_500)
        let result = plan.run(on: &relay)
        #expect(result.verdict == .reachedEnd(byHint: false))
        #expect(relay.requests.map(\.limit) == [500, 1, 500, 10])
        #expect(relay.requests.map { $0.since?.seconds } == [500, 500, 500, nil])
        #expect(relay.requests.map { $0.until?.seconds } == [1_100_500, 1_100_500, 550_500, 1_100_500])
    }

    @Test func `an end that was denied once is confirmed by more answers, and what lies below still comes last`() {
        var relay = ModelRelay(events: events(400))
        relay.endings[0] = .conclusive(hint: nil)
        var plan = plan(lo: 500, from: 1_100_500)
        #expect(plan.run(on: &relay).verdict == .reachedEnd(byHint: false))
        let questions = relay.requests.suffix(7)
        #expect(questions.map { $0.since == nil } == [false, false, false, false, false, false, true])
    }

    @Test func `a walk over new time alone does not go on below it`() {
        var relay = ModelRelay(events: events(1_000))
        var plan = plan(lo: 2_000_000)
        let result = plan.run(on: &relay)
        #expect(result.verdict == .reachedEnd(byHint: false))
        #expect(result.frontiers.isEmpty)
        #expect(relay.requests.count == 3)
    }

    @Test func `what is found below the lower bound does not hide what is inside`() {
        var relay = ModelRelay(events: events(1_000))
        // Twice empty at first, against what it holds: the question without `since` brings the contradiction.
        for n in 0...1 { relay.endings[n] = .conclusive(hint: nil) }
        var plan = plan(lo: 1_000_900)
        let result = plan.run(on: &relay)
        #expect(result.seen.filter { $0.createdAt.seconds >= 1_000_900 }.count == 100)
        #expect(result.verdict == .reachedEnd(byHint: false))
        #expect(result.brokenPromises.isEmpty)
    }

    @Test(arguments: [InconclusiveReason.timedOut, .closed])
    func `a refused or silent page moves no frontier and three in a row end the visit`(reason: InconclusiveReason) {
        var relay = ModelRelay(events: events(900))
        for n in 1...3 { relay.endings[n] = .inconclusive(reason) }
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.verdict == .inconclusive(reason))
        #expect(result.frontiers.count == 1)
        #expect(relay.requests.count == 4)
    }

    @Test func `a page that failed once is asked again and nothing is lost`() {
        var relay = ModelRelay(events: events(2_000))
        for n in [1, 3, 5] { relay.endings[n] = .inconclusive(.timedOut) }
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 2_000)
        #expect(result.verdict == .reachedEnd(byHint: false))
    }

    @Test(arguments: [InconclusiveReason.authRequired, .restricted, .disconnected, .rateLimited])
    func `a refusal for good ends the visit at once`(reason: InconclusiveReason) {
        var relay = ModelRelay(events: events(900))
        relay.endings[1] = .inconclusive(reason)
        var plan = plan()
        #expect(plan.run(on: &relay).verdict == .inconclusive(reason))
        #expect(relay.requests.count == 2)
    }

    @Test func `a page over budget is asked again at half the size`() {
        var relay = ModelRelay(events: events(900))
        relay.endings[0] = .inconclusive(.overBudget)
        relay.endings[1] = .inconclusive(.overBudget)
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(relay.requests.prefix(3).map(\.limit) == [500, 250, 125])
        #expect(result.seen.count == 900)
    }

    @Test func `a relay that ignores until is unpageable, not complete`() {
        var relay = ModelRelay(events: events(2_000))
        relay.ignoresUntil = true
        var plan = plan()
        #expect(plan.run(on: &relay, maxRequests: 50).verdict == .unpageable(.untilIgnored))
    }

    @Test(arguments: [false, true])
    func `a relay in no order is found out and read whole in windows`(isRandom: Bool) {
        var relay = ModelRelay(events: events(2_000) + events(700, perSecond: 700, seed: 5))
        relay.isOldestFirst = !isRandom
        relay.isRandom = isRandom
        var plan = plan(order: .unknown)
        let result = plan.run(on: &relay, maxRequests: 500)
        #expect(plan.order == .unordered)
        #expect(result.verdict == .reachedEnd(byHint: false))
        #expect(result.seen.count == 2_700)
        #expect(result.brokenPromises.isEmpty && result.gaps.isEmpty)
    }

    @Test func `a relay in no order that ignores since cannot be read`() {
        var relay = ModelRelay(events: events(2_000))
        relay.isOldestFirst = true
        relay.ignoresSince = true
        var plan = plan(order: .unordered)
        let result = plan.run(on: &relay, maxRequests: 500)
        #expect(result.verdict == .unpageable(.unordered))
        #expect(result.brokenPromises.isEmpty)
    }

    @Test func `an ordinary relay's order is asked about once`() {
        var relay = ModelRelay(events: events(1_400))
        var plan = plan(order: .unknown)
        let result = plan.run(on: &relay)
        #expect(plan.order == .newestFirst)
        #expect(result.seen.count == 1_400)
        #expect(relay.requests[1].since != nil)
        var again = ModelRelay(events: events(1_400))
        var known = self.plan()
        _ = known.run(on: &again)
        #expect(relay.requests.count == again.requests.count + 1)
    }

    @Test func `answers that end early are counted, whole ones are not`() {
        var relay = ModelRelay(events: events(2_000))
        relay.shortened = [1: 200]
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 2_000)
        #expect(plan.shortAnswers == 1)
        var honest = ModelRelay(events: events(2_000))
        var other = self.plan()
        _ = other.run(on: &honest)
        #expect(other.shortAnswers == 0 && other.contradictions == 0)
    }

    @Test func `a relay that ignores since ends where only older events come`() {
        var relay = ModelRelay(events: events(1_500))
        relay.ignoresSince = true
        var plan = plan(lo: 1_000_800)
        let result = plan.run(on: &relay)
        #expect(result.verdict == .reachedEnd(byHint: false))
        #expect(result.seen.count == 700)
        #expect(result.gaps.isEmpty)
        #expect(relay.requests.count < 10)
    }

    @Test func `an event from long ago that arrives live does not hide what lies between`() {
        var relay = ModelRelay(events: events(3_000))
        var factory = StampFactory(seed: 9)
        relay.live = [1: [factory.stamp(at: 1)], 2: [factory.stamp(at: 500_000)]]
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.isSuperset(of: relay.events))
        #expect(result.brokenPromises.isEmpty)
    }

    @Test func `events outside the asked interval end no walk`() {
        var relay = ModelRelay(events: events(3_000))
        relay.strayOlder = 3
        var plan = plan(lo: 1_000_100)
        let result = plan.run(on: &relay)
        #expect(result.seen.filter { $0.createdAt.seconds >= 1_000_100 }.count == 2_900)
        #expect(plan.contradictions > 0)
    }

    @Test func `an answer without events that says there are more is no end`() {
        var relay = ModelRelay(events: [])
        for n in 0..<10 { relay.endings[n] = .conclusive(hint: .more) }
        var plan = plan()
        #expect(plan.run(on: &relay).verdict == .inconclusive(.contradicted))
    }

    @Test func `one that has denied itself before, and goes on saying so, is asked in other ways`() {
        var relay = ModelRelay(events: events(1_500))
        (relay.hint, relay.alwaysGoesOn) = (.more, true)
        var first = plan()
        #expect(first.run(on: &relay).verdict == .inconclusive(.contradicted))
        #expect(first.contradictions > 0)
        var plan = plan(from: first.frontier?.seconds, deniesMore: first.contradictions > 0)
        #expect(plan.run(on: &relay).verdict == .reachedEnd(byHint: false))
        #expect(relay.requests.suffix(4).map(\.limit).contains(1), "confirmed by answers of other shapes")
    }

    @Test func `more that stands below the interval is no reason to ask on`() {
        var relay = ModelRelay(events: events(1_500))
        (relay.ignoresSince, relay.hint) = (true, .more)
        var plan = plan(lo: 1_001_499)
        let result = plan.run(on: &relay)
        #expect(result.verdict == .reachedEnd(byHint: false))
        #expect(result.seen.count == 1)
        #expect(relay.requests.count < 10)
    }

    @Test func `what a relay hides above does not hide what is below`() {
        var relay = ModelRelay(events: events(1_500) + events(1_500, seed: 3).map(\.aYearLater))
        // It counts the newer ones against the limit and then does not show them.
        relay.isHidden = { $0.createdAt.seconds > 10_000_000 }
        var plan = WalkPlan(
            lo: UnixTime(seconds: 0), frontier: nil, capSeen: 0, limits: .init(),
            liveAfter: UnixTime(seconds: 33_000_000), now: UnixTime(seconds: 33_000_000), order: .newestFirst)
        let result = plan.run(on: &relay)
        #expect(result.seen.filter { $0.createdAt.seconds < 10_000_000 }.count == 1_500)
        #expect(result.gaps.contains { $0.reason == .unanswered })
    }

    @Test func `the relay's own finish ends the walk after one look below`() {
        var relay = ModelRelay(events: events(1_200))
        relay.hint = .finish
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.verdict == .reachedEnd(byHint: true))
        #expect(result.seen.count == 1_200)
        #expect(relay.requests.count == 4)
        #expect(plan.contradictions == 0)
    }

    @Test func `a finish that is not the end is a contradiction, and the walk goes on`() {
        var relay = ModelRelay(events: events(1_200))
        (relay.cap, relay.hint, relay.alwaysFinishes) = (100, .finish, true)
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.verdict == .reachedEnd(byHint: false))
        #expect(result.seen.count == 1_200)
        #expect(plan.contradictions == 1)
        #expect(!plan.isHinted)
    }

    @Test func `a finish of a relay that ignores until proves nothing`() {
        var relay = ModelRelay(events: events(1_200))
        (relay.cap, relay.hint, relay.alwaysFinishes, relay.ignoresUntil) = (100, .finish, true, true)
        var plan = plan()
        #expect(plan.run(on: &relay).verdict == .unpageable(.untilIgnored))
    }

    @Test func `a finish in the middle of a crowded second does not end it`() {
        var relay = ModelRelay(events: events(300, perSecond: 300))
        (relay.cap, relay.hint, relay.alwaysFinishes) = (100, .finish, true)
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 300 || result.gaps.contains { $0.reason == .saturatedSecond })
        #expect(!plan.isHinted)
    }

    @Test func `a finish of a page that may be cut in the relay's oldest second is not heard`() {
        var relay = ModelRelay(events: events(550, perSecond: 55))
        (relay.hint, relay.alwaysFinishes) = (.finish, true)
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 550)
        #expect(result.verdict == .reachedEnd(byHint: true) || !plan.isHinted)
    }

    @Test func `answers from below the interval do not make pages grow`() {
        var relay = ModelRelay(events: events(1_500))
        var limits = WalkPlan.Limits()
        limits.pageSize = 6
        // Nothing is new: the last question of the end is answered from below.
        var plan = WalkPlan(
            lo: UnixTime(seconds: 2_000_000), frontier: nil, capSeen: 500, limits: limits,
            liveAfter: .max, now: UnixTime(seconds: 2_000_000), order: .newestFirst)
        #expect(plan.run(on: &relay).verdict == .reachedEnd(byHint: false))
        #expect(plan.pageSize == 6)
    }

    @Test(arguments: 1...200)
    func `no frontier ever passes an event that was not seen`(seed: Int) {
        var factory = StampFactory(seed: UInt64(seed))
        var all: [EventStamp] = []
        var second: Int64 = 1_000_000
        for _ in 0..<Int(factory.next() % 2_000) {
            if factory.next() % 4 != 0 { second += Int64(factory.next() % 50) }
            all.append(factory.stamp(at: second))
        }
        var relay = ModelRelay(events: all)
        relay.cap = [50, 73, 100, 500, 1_000][Int(factory.next() % 5)]
        for n in 0..<100 where factory.next() % 20 == 0 {
            relay.endings[n] = factory.next() % 2 == 0 ? .inconclusive(.timedOut) : .conclusive(hint: nil)
        }
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.brokenPromises.isEmpty, "seed \(seed)")
        if case .reachedEnd = result.verdict, result.gaps.isEmpty {
            #expect(result.seen.count == all.count, "seed \(seed)")
        }
    }
}

extension EventStamp {
    fileprivate var aYearLater: EventStamp {
        EventStamp(id: id, pubkey: pubkey, createdAt: UnixTime(seconds: createdAt.seconds + 31_000_000), kind: kind)
    }
}
