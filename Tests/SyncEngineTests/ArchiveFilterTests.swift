import Crypto
import Database
import Nostr
import RelayClient
import Settings
import Support
import Testing

@testable import SyncEngine

@Suite struct ArchiveFilterTests {
    private static let (alice, bob) = (String(repeating: "a1", count: 32), String(repeating: "b2", count: 32))

    private func filter(
        kinds: [Int] = [], authors: [String] = [], tags: [String: [String]] = [:], since: Int = 0, until: Int? = nil
    ) -> ArchiveFilter {
        var (filter, range) = (FilterSettings(), TimeRangeSettings())
        (filter.kinds, filter.authors, filter.tags) = (kinds, authors, SettingsMap(tags))
        (range.since, range.until) = (since, until)
        return ArchiveFilter(filter, range)
    }

    private func second(_ seconds: Int64) -> UnixTime { UnixTime(seconds: seconds) }

    @Test func `without settings requests stay as they are`() {
        let request = PageRequest(since: second(5), until: nil, limit: 7)
        #expect(filter() == .everything && filter().takesAll && filter().digest.isEmpty)
        #expect(filter().narrow(request) == request)
    }

    @Test func `every request is narrowed to the filter and the range`() {
        let archive = filter(kinds: [7, 1, 7], authors: [Self.bob], tags: ["t": ["x"]], since: 100, until: 200)
        let open = archive.narrow(PageRequest(since: nil, until: nil, limit: 7))
        #expect(open.kinds == [1, 7] && open.authors?.map(\.hex) == [Self.bob] && open.tags.count == 1)
        #expect(open.since == second(100) && open.until == second(200))
        let inner = archive.narrow(PageRequest(since: second(120), until: second(130), limit: 7, kinds: [1]))
        #expect(inner.since == second(120) && inner.until == second(130) && inner.kinds == [1])
        #expect(inner.filter.tags == archive.filter.tags && inner.filter.limit == 7)
    }

    @Test func `the digest names what is archived, in whatever order it was written`() {
        let one = filter(kinds: [1, 7], authors: [Self.alice, Self.bob], tags: ["t": ["x", "y"], "p": ["z"]])
        let same = filter(kinds: [7, 1, 1], authors: [Self.bob, Self.alice], tags: ["p": ["z"], "t": ["y", "x"]])
        #expect(one.digest == same.digest && one.digest.count == 32)
        let others = [
            filter(kinds: [1]), filter(authors: [Self.alice]), filter(tags: ["t": ["x"]]), filter(tags: ["T": ["x"]]),
            filter(since: 1), filter(until: 1), filter(since: 1, until: 1), .everything, one,
        ]
        #expect(Set(others.map(\.digest)).count == others.count)
    }

    @Test func `a visit reads the range and nothing else`() {
        let archive = filter(since: 100, until: 5_000)
        let settled = second(9_000)
        #expect(WalkState().stretches(settled: settled, of: archive) == [.fresh(lo: second(100), hi: second(5_000))])
        #expect(WalkState(sealedHi: second(5_000)).stretches(settled: settled, of: archive).isEmpty)
        #expect(
            WalkState(sealedHi: second(4_000)).stretches(settled: settled, of: archive)
                == [.fresh(lo: second(4_001), hi: second(5_000))])
        let walking = WalkState(walkLo: second(100), walkHi: second(5_000), frontier: second(300))
        #expect(
            walking.stretches(settled: settled, of: archive)
                == [.history(lo: second(100), frontier: second(300), hi: second(5_000))])
        // A range that reaches into the future ends where everything does.
        #expect(
            WalkState().stretches(settled: settled, of: filter(until: 99_999))
                == [.fresh(lo: second(0), hi: settled)])
    }

    @Test func `a walk asks for nothing newer than the range, from its first page on`() {
        var sync = SyncSettings()
        sync.pageSize = 50
        let plan = WalkPlan(
            .fresh(lo: second(100), hi: second(5_000)), capSeen: 0, pageSize: 50, sync: sync, now: second(9_000),
            archive: filter(kinds: [1], since: 100, until: 5_000))
        guard case .ask(let request) = plan.next() else { return #expect(Bool(false)) }
        #expect(request.since == second(100) && request.until == second(5_000) && request.kinds == [1])
    }

    // MARK: Claims

    private func progress(_ state: WalkState, _ digest: String?) -> VisitProgress {
        var sealed = CoverageMap.Interval(lo: 0, hi: 6_000, state: .sealed)
        (sealed.proof, sealed.rescanAt, sealed.rescanStep) = (.negentropy, 99_999, 3)
        let gap = CoverageMap.Interval(lo: 6_001, hi: 8_000, state: .gap, reason: .saturatedSecond)
        var behaviour = RelayBehaviour()
        behaviour.filter = digest
        return VisitProgress(
            state: state, coverage: CoverageMap(stored: [sealed, gap]), now: second(10_000), behaviour: behaviour)
    }

    @Test func `another filter opens all that was proven, in one change`() {
        var progress = progress(WalkState(sealedHi: second(8_000)), nil)
        let archive = filter(kinds: [1])
        let change = progress.restart(under: archive)
        #expect(change.behaviour?.filter == archive.digest)
        #expect(change.coverage.put.map { [$0.lo, $0.hi] } == [[0, 8_000]])
        #expect(progress.coverage.intervals.map(\.state) == [.open])
        #expect(progress.coverage.intervals.first?.proof == nil)
        #expect(progress.restart(under: archive).isEmpty, "once is enough")
    }

    @Test func `a walk under way is over when the filter changes, and what it had read is open`() {
        let state = WalkState(
            sealedHi: second(6_000), walkLo: second(6_001), walkHi: second(8_000), frontier: second(7_000))
        var progress = progress(state, filter(kinds: [1]).digest)
        let change = progress.restart(under: .everything)
        #expect(change.clearsWalk && change.sealedHi == second(8_000) && change.behaviour?.filter?.isEmpty == true)
        #expect(progress.state == WalkState(sealedHi: second(8_000)))
        #expect(progress.coverage.intervals.map { [$0.lo, $0.hi] } == [[0, 8_000]])
    }

    @Test(arguments: [(1_000, 7_000 as Int?, [[1_000, 7_000]]), (9_000, nil, []), (0, 9_000, [[0, 8_000]])])
    func `nothing is said of what lies outside a range`(since: Int, until: Int?, open: [[Int64]]) {
        var progress = progress(WalkState(sealedHi: second(8_000)), nil)
        let change = progress.restart(under: filter(since: since, until: until))
        #expect(progress.coverage.intervals.map { [$0.lo, $0.hi] } == open)
        #expect(change.coverage.drop.contains(6_001))
    }

    @Test func `the same filter changes nothing, and neither does none`() {
        let archive = filter(kinds: [1])
        for (digest, filter) in [(archive.digest, archive), (nil, .everything), ("", .everything)] {
            var progress = progress(WalkState(sealedHi: second(8_000)), digest)
            #expect(progress.restart(under: filter).isEmpty)
            #expect(progress.coverage.intervals.map(\.state) == [.sealed, .gap])
        }
    }

    @Test func `a relay that was never read notes its filter and has nothing to open`() {
        var progress = VisitProgress(state: WalkState(), coverage: CoverageMap(stored: []), now: second(10_000))
        let change = progress.restart(under: filter(kinds: [1]))
        #expect(change.behaviour?.filter != nil && change.coverage.isEmpty && !change.clearsWalk)
        #expect(change.sealedHi == nil)
    }
}

/// Walks over relays that are asked for a part of what they hold.
@Suite struct FilteredWalkTests {
    private func archive(kinds: [Int] = [], authors: [PublicKey] = []) -> ArchiveFilter {
        var filter = FilterSettings()
        (filter.kinds, filter.authors) = (kinds, authors.map(\.hex))
        return ArchiveFilter(filter, TimeRangeSettings())
    }

    private func plan(_ archive: ArchiveFilter) -> WalkPlan {
        WalkPlan(
            lo: UnixTime(seconds: 0), frontier: nil, capSeen: 0, limits: .init(), liveAfter: .max,
            now: UnixTime(seconds: 1_100_000), order: .newestFirst, archive: archive)
    }

    private func events(crowd: Int) -> [EventStamp] {
        var factory = StampFactory(seed: 6)
        let spread = (0..<2_000).map { factory.stamp(at: 1_000_000 + Int64($0)) }
        return spread + (0..<crowd).map { _ in factory.stamp(at: 1_000_500) }
    }

    @Test(arguments: [0, 700, 3_000]) func `what is asked for is read whole, crowded seconds too`(crowd: Int) {
        let all = events(crowd: crowd)
        var relay = ModelRelay(events: all)
        var plan = plan(archive(kinds: [1, 7]))
        let result = plan.run(on: &relay)
        #expect(result.verdict == .reachedEnd(byHint: false))
        #expect(relay.requests.allSatisfy { Set($0.kinds ?? [99]).isSubset(of: [1, 7]) && $0.kinds?.isEmpty == false })
        #expect(result.seen == Set(all.filter { [1, 7].contains($0.kind) }))
    }

    @Test func `authors that are all named prove a crowded second, others do not`() throws {
        var factory = StampFactory(seed: 9)
        // Twelve authors with 40 events each of one kind: more than any answer holds.
        let all = (0..<480).map { factory.stamp(at: 1_000_500, kind: 1, author: UInt8($0 % 12)) }
        let wanted = Set(all.map(\.pubkey)).sorted().prefix(11)
        var (relay, named) = (ModelRelay(events: all), plan(archive(kinds: [1], authors: Array(wanted))))
        relay.cap = 100
        let result = named.run(on: &relay)
        #expect(result.gaps.isEmpty)
        #expect(result.seen == Set(all.filter { wanted.contains($0.pubkey) }))
        #expect(relay.requests.allSatisfy { Set($0.authors ?? []).isSubset(of: wanted) })
        #expect(relay.requests.allSatisfy { $0.authors?.isEmpty == false })
        var (other, anybody) = (relay, plan(archive(kinds: [1])))
        #expect(anybody.run(on: &other).gaps.map(\.reason) == [.saturatedSecond])
    }

    @Test func `a relay that takes no notice of the filter is walked through all it has and not believed`() {
        let all = events(crowd: 0)
        // The newest thousand are none that are asked for.
        let held = all.filter { $0.createdAt.seconds < 1_001_000 || $0.kind != 7 }
        var relay = ModelRelay(events: held)
        relay.ignoresFilter = true
        var plan = plan(archive(kinds: [7]))
        let result = plan.run(on: &relay)
        #expect(result.seen == Set(held.filter { $0.kind == 7 }))
        #expect(plan.contradictions > 0)
    }

    @Test func `a crowded second of what was not asked for is given up, not asked for ever`() {
        var factory = StampFactory(seed: 4)
        var relay = ModelRelay(events: (0..<900).map { _ in factory.stamp(at: 1_000_500, kind: 6) })
        relay.ignoresFilter = true
        var plan = plan(archive(kinds: [1, 7]))
        let result = plan.run(on: &relay)
        #expect(result.gaps.map(\.reason) == [.saturatedSecond])
        #expect(relay.requests.count < 20)
    }
}

/// Pages of events that were not asked for.
@Suite struct ForeignEventTests {
    @Test func `an event without the tag that was asked for is foreign and holds its place`() throws {
        var factory = EventFactory(seed: 2)
        let tagged = factory.sign(kind: 1, tags: [["t", "nostr"], ["t", "x"]], content: "a")
        factory.createdAt += 60
        let second = factory.sign(kind: 1, tags: [["t", "other", "nostr"], ["p", "nostr"]], content: "b")
        var bytes: [UInt8] = []
        var ranges: [Range<Int>] = []
        for event in [second, tagged] {
            ranges.append(bytes.count..<(bytes.count + event.json.count))
            bytes += event.json
        }
        var request = PageRequest(since: nil, until: nil, limit: 10)
        request.tags = [try #require(TagName(Character("t"))): ["nostr", "y"]]
        let page = FetchedPage(
            RawPage(chunks: [EventChunk(bytes: bytes, ranges: ranges)], ending: .conclusive(hint: nil)),
            request: request)
        #expect(page.items.map(\.event.id) == [tagged.id])
        #expect(page.facts.foreign == 1 && page.facts.received == 2)
        #expect(page.facts.ghosts == [UnixTime(seconds: second.createdAt)])
    }
}
