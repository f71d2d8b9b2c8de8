import Nostr
import Testing

@testable import SyncEngine

@Suite struct SecondPlanTests {
    private func plan() -> WalkPlan {
        WalkPlan(
            lo: UnixTime(seconds: 0), frontier: nil, capSeen: 0, limits: .init(), liveAfter: .max,
            now: UnixTime(seconds: 1_100_000), order: .newestFirst)
    }

    /// 1,000 events in 1,000 seconds, and as many crowded seconds among them as sizes are given.
    private func history(_ sizes: [Int]) -> [EventStamp] {
        var factory = StampFactory(seed: 11)
        let quiet = (0..<1_000).map { factory.stamp(at: 1_000_000 + Int64($0)) }
        let crowded = sizes.enumerated().flatMap { place, size in
            (0..<size).map { _ in factory.stamp(at: 1_000_100 + Int64(place) * 100) }
        }
        return quiet + crowded
    }

    /// Questions about any kind but those that were met.
    private func census(_ relay: ModelRelay) -> Int { relay.requests.count { ($0.kinds?.count ?? 0) > 1_000 } }

    @Test func `the kinds of a relay are found out once, however many seconds are crowded`() {
        var (one, four) = (ModelRelay(events: history([900])), ModelRelay(events: history([900, 900, 900, 900])))
        var plans = [plan(), plan()]
        #expect(plans[0].run(on: &one).seen.count == 1_900)
        let result = plans[1].run(on: &four)
        #expect(result.seen.count == 4_600 && result.brokenPromises.isEmpty && result.gaps.isEmpty)
        #expect(census(one) == 32)
        #expect(census(four) == 32)
    }

    @Test func `a kind that only one event has is not overlooked in a crowded second`() {
        var factory = StampFactory(seed: 12)
        let rare = (factory.stamp(at: 1_000_100, kind: 40_404), factory.stamp(at: 999_000, kind: 50_505))
        var relay = ModelRelay(events: history([1_200]) + [rare.0, rare.1])
        // Served last of their second, so that no full answer shows it.
        relay.events.removeAll { $0 == rare.0 }
        relay.events.append(rare.0)
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.contains(rare.0) && result.seen.contains(rare.1))
        #expect(result.brokenPromises.isEmpty)
    }

    @Test func `a census whose last answer is about something else is not complete`() {
        let second = UnixTime(seconds: 1_000_000)
        var census = KindCensus(lo: second, hi: second, seen: [], archive: .everything)
        let empty = PageFacts(ending: .conclusive(hint: nil))
        for _ in 0..<31 { #expect(census.absorb(empty, limit: 500, capSeen: 500) == .more) }
        var foreign = PageFacts(ending: .conclusive(hint: nil), received: 500)
        foreign.foreign = 500
        #expect(census.absorb(foreign, limit: 500, capSeen: 500) == .failed)
        #expect(!census.isComplete)
    }

    @Test func `where so many kinds are refused what was seen is read and the second is a gap`() {
        var relay = ModelRelay(events: history([900]))
        relay.refuses = { ($0.kinds?.count ?? 0) > 1_000 ? .inconclusive(.closed) : nil }
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 1_900)
        #expect(result.gaps.map(\.reason) == [.saturatedSecond])
        #expect(result.verdict == .reachedEnd(byHint: false))
    }

    @Test func `a connection that breaks over older events costs the visit and not the rest of the history`() {
        var relay = ModelRelay(events: history([900]))
        relay.refuses = { ($0.kinds?.count ?? 0) > 1_000 ? .inconclusive(.disconnected) : nil }
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.verdict == .inconclusive(.disconnected))
        #expect(result.gaps.map(\.lo) == [UnixTime(seconds: 1_000_100)])
        #expect(result.frontiers.last == UnixTime(seconds: 1_000_099))
    }

    @Test func `a part that agrees with what was seen is asked for once, others twice`() {
        var (small, large) = (ModelRelay(events: history([480])), ModelRelay(events: history([900])))
        var plans = [plan(), plan()]
        #expect(plans[0].run(on: &small).seen.count == 1_480)
        #expect(plans[1].run(on: &large).seen.count == 1_900)
        func questions(_ relay: ModelRelay) -> [PageRequest] {
            relay.requests.filter { ($0.kinds?.count ?? 0) < 1_000 && $0.kinds != nil }
        }
        #expect(Set(questions(small).map(\.kinds)).count == questions(small).count)
        #expect(Set(questions(large).map(\.kinds)).count * 2 == questions(large).count)
    }

    @Test func `of a second without end no more is kept in mind than fits, and it is a gap`() {
        var relay = ModelRelay(events: history([SecondPlan.mostEvents + 5_000]))
        var plan = plan()
        let result = plan.run(on: &relay)
        #expect(result.gaps.map(\.reason) == [.saturatedSecond])
        #expect(result.seen.count { $0.createdAt.seconds == 1_000_100 } <= SecondPlan.mostEvents + relay.cap)
        #expect(result.verdict == .reachedEnd(byHint: false) && result.brokenPromises.isEmpty)
    }

    @Test func `values are grouped by their weight, each once, and never all in one`() {
        let shown = Array(repeating: 1, count: 40) + Array(repeating: 2, count: 12) + Array(repeating: 3, count: 12)
        #expect(PartSplit(shown + [4], others: []).groups == [[1], [2], [3, 4]])
        #expect(PartSplit(shown, others: [[7, 8]]).groups == [[1], [2], [3, 7, 8]])
        #expect(PartSplit([5, 5], others: [[7]]).groups == [[5], [7]])
        #expect(PartSplit(shown, others: [[7], [8]]).groups == [[1], [2], [3], [7], [8]])
        #expect(PartSplit([Int](), others: []).groups.isEmpty)
        let even = PartSplit((0..<40).flatMap { [$0, $0] }, others: []).groups
        #expect(even.count == 4 && even.flatMap { $0 }.sorted() == Array(0..<40))
    }

    @Test func `windows of a relay in no order become as long as promises half of what would be cut`() {
        var factory = StampFactory(seed: 13)
        var relay = ModelRelay(events: (0..<6_000).map { factory.stamp(at: 1_000_000 + Int64($0) * 10) })
        relay.isOldestFirst = true
        var plan = WalkPlan(
            lo: UnixTime(seconds: 0), frontier: UnixTime(seconds: 1_070_000), capSeen: 0, limits: .init(),
            liveAfter: .max, now: UnixTime(seconds: 1_100_000), order: .unordered)
        let result = plan.run(on: &relay)
        #expect(result.seen.count == 6_000 && result.brokenPromises.isEmpty && result.gaps.isEmpty)
        // 6,000 events in windows of 150, twice each, and what it takes to find their length.
        #expect(relay.requests.count < 130)
    }
}
